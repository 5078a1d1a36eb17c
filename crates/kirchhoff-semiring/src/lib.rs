//! The algebra of Kirchhoff.

mod carrier;
mod laws;
mod semiring;

pub use carrier::{Carrier, Image, Interval};
pub use laws::{Law, Laws};
pub use semiring::{Embed, Semiring};
