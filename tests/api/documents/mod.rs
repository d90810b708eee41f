//! The documents: made from the code, kept in the repository, served by the service.

mod failures;
mod files;
mod openapi;
mod pages;
mod postman;
mod schemas;
