"""The parts of `decontaminate`: benchmarks as files and datasets hold them, and a model's verdict."""
