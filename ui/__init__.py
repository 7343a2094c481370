"""People: the command line, the Streamlit app, the bridge to Argilla."""
