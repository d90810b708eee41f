//! Whatever goes wrong, the answer is a problem document.

mod authorization;
mod bodies;
mod headers;
mod paths;
mod values;
