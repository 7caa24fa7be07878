//! What time it is for the shop: `Now` is passed in everywhere, because nothing below the command line reads a clock.
