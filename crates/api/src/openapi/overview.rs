//! The text at the head of the document.

/// Description of the API.
pub const TEXT: &str = "\
Files and tables go in; clean, queryable data comes out, and nothing acknowledged is ever lost.

**Ids** are JSON integers up to 2^53-1; strings of digits are accepted as well. **Times** are RFC 3339 in UTC. \
**Errors** are `application/problem+json` (RFC 9457) with a stable `code`; see each operation's `x-error-codes`. \
**Other people's objects** do not exist: they answer 404. **Unknown fields** and parameters are refused. \
**Repeats** of a POST are safe with an `Idempotency-Key`. **Lists** are newest first and continue with \
`next_page_token` until there is none. **HEAD** answers on every path that has a GET, with its status and headers \
and no content. Every answer carries `X-Request-Id`.";

/// Groups of operations.
pub const TAGS: &[(&str, &str)] = &[
    ("api-keys", "Keys for programs."),
    ("etl", "Files become JSON: uploads, tasks, results, mounts."),
    ("projects", "What everything else hangs off."),
    ("providers", "Language models that rules may call."),
    ("rules", "How a parsed document becomes JSON."),
    ("system", "Health, metrics, this document."),
    ("tables", "JSON tables, addressed by JSON Pointer."),
];
