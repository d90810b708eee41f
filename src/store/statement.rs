/// Declares a statement written as SQL that each connection prepares once.
///
/// diesel keeps no prepared statement for `sql_query`, `update()` or
/// `on_conflict().do_update()`: each call would be parsed and planned anew. A statement declared
/// here has a static identity and is therefore kept.
///
/// The text names its parameters `$1` to `$n`, each mentioned for the first
/// time in that order; later mentions are free. Fields bind in order.
macro_rules! statement {
    (
        $(#[$doc:meta])*
        $name:ident $(<$life:lifetime>)? { $($field:ident: $rust:ty => $sql:ty),* $(,)? }
            -> ($($column:ty),+ $(,)?)
        $text:expr
    ) => {
        $(#[$doc])*
        struct $name $(<$life>)? { $($field: $rust),* }

        const _: () = {
            use diesel::{pg::Pg, query_builder};

            /// Stands for the text, whatever the lifetime of its parameters.
            pub struct Identity;

            impl $(<$life>)? query_builder::QueryFragment<Pg> for $name $(<$life>)? {
                fn walk_ast<'b>(&'b self, mut out: query_builder::AstPass<'_, 'b, Pg>) -> diesel::QueryResult<()> {
                    let mut parameters = $crate::store::statement::Parameters::of($text);
                    $(
                        out.push_sql(parameters.text_before_next()?);
                        out.push_bind_param::<$sql, _>(&self.$field)?;
                    )*
                    out.push_sql(parameters.rest);
                    Ok(())
                }
            }

            impl $(<$life>)? query_builder::QueryId for $name $(<$life>)? {
                type QueryId = Identity;
                const HAS_STATIC_QUERY_ID: bool = true;
            }

            impl $(<$life>)? query_builder::Query for $name $(<$life>)? {
                type SqlType = ($($column,)+);
            }
        };
    };
}

pub(super) use statement;

/// Walks the text of a statement from one parameter's first mention to the next's.
pub(super) struct Parameters {
    /// What was not walked yet.
    pub rest: &'static str,
    next: usize,
}

impl Parameters {
    pub fn of(text: &'static str) -> Self {
        Self { rest: text, next: 1 }
    }

    /// The text up to the next parameter, which is skipped.
    pub fn text_before_next(&mut self) -> diesel::QueryResult<&'static str> {
        for (at, _) in self.rest.match_indices('$') {
            let after = &self.rest[at + 1..];
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            if after[..digits].parse() == Ok(self.next) {
                let before = &self.rest[..at];
                self.rest = &after[digits..];
                self.next += 1;
                return Ok(before);
            }
        }
        let missing = format!("the statement does not mention ${} after ${}", self.next, self.next - 1);
        Err(diesel::result::Error::QueryBuilderError(missing.into()))
    }
}
