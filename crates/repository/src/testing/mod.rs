//! The contract suite and faulty doubles.
