"""Methods that measure and choose: evaluators add scores, selectors mark what does not stay."""
