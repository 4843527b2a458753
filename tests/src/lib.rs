//! What the test binary shares: private daemons, made speech, the built programs.
