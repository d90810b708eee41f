//! Events, and how those who asked are told of them.

mod outbox;
