//! Gate circuits against the stream, and against themselves: unrolled on random networks of every kind of layer.

mod network;
mod unrolled;
