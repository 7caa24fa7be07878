//! How fast the whole thing answers: sends questions to a server and reports time to first vetted sentence and the rest.
