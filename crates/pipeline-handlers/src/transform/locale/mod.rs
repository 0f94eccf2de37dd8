//! Numbers, dates and names of months as people write them in several languages. Knows texts only.

pub(crate) mod months;
