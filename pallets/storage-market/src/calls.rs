//! What the calls do: orders by clients, deals by providers.

mod deals;
mod orders;
