//! The documents: made from the code, kept in the repository, served by the service.

mod files;
mod openapi;
mod pages;
