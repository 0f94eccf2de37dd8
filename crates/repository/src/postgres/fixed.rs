//! Statements whose text never changes, so that each connection prepares them once.
//!
//! `diesel::sql_query` marks its statements as not cacheable, which costs a round trip each; these carry their own
//! type as the cache key.

/// Declares a statement: `{}` in the text stands for the fields in order, each exactly once.
macro_rules! fixed_query {
    ($(#[$doc:meta])* struct $name:ident { $($field:ident : $sql_type:ty => $rust_type:ty),* $(,)? } $sql:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        struct $name {
            $($field: $rust_type),*
        }

        impl diesel::query_builder::QueryId for $name {
            type QueryId = Self;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl diesel::query_builder::QueryFragment<diesel::pg::Pg> for $name {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, diesel::pg::Pg>,
            ) -> diesel::QueryResult<()> {
                let mut pieces = $sql.split("{}");
                out.push_sql(pieces.next().unwrap_or_default());
                $(
                    out.push_bind_param::<$sql_type, $rust_type>(&self.$field)?;
                    out.push_sql(pieces.next().unwrap_or_default());
                )*
                Ok(())
            }
        }

        impl diesel::query_builder::Query for $name {
            type SqlType = diesel::sql_types::Untyped;
        }

        impl<Conn> diesel::RunQueryDsl<Conn> for $name {}
    };
}

pub(super) use fixed_query;
