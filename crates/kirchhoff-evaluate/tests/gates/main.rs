//! Gate circuits: unrolled, they are the stream on random networks of every kind of layer; simplified, they keep their
//! values.

mod batch;
mod formula;
mod gradient;
mod importance;
mod network;
mod probability;
mod saturated;
mod simplified;
mod substitution;
mod symbolic;
mod theta;
mod together;
mod unrolled;
