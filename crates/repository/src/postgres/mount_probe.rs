//! What stands where a mount is to go.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use millrace_domain::mount_rules::{Container, classify_container};
use millrace_domain::{JsonPointer, TableId};
use serde_json::{Map, Value, json};

use super::error::TxError;
use super::fixed::fixed_query;
use super::{path, segments};

fixed_query! {
    /// The types along the way from the deepest covering segment to a container, and which of the keys it holds there.
    struct ContainerProbe {
        keys: Array<Text> => Vec<String>,
        wanted: Array<Text> => Vec<String>,
        table: BigInt => i64,
        paths: Array<Text> => Vec<String>,
    }
    "with p as (select {}::text[] as keys, {}::text[] as wanted),
     s as (
        select path, value, (select p.keys from p)[cardinality(string_to_array(path, chr(1))) + (path = '')::int:] as rest
        from (select path, value from json_segment where table_id = {} and path = any({}) offset 0) covering
        order by path desc limit 1)
     select s.path,
            array(select coalesce(jsonb_typeof(s.value #> s.rest[:n]), '')
                  from generate_series(0, cardinality(s.rest)) n order by n) as kinds,
            array(select k from p, unnest(p.wanted) k
                  where jsonb_typeof(s.value #> s.rest) = 'object' and (s.value #> s.rest) ? k) as held
     from s"
}

#[derive(QueryableByName)]
struct ContainerProbeRow {
    #[diesel(sql_type = Text)]
    path: String,
    #[diesel(sql_type = Array<Text>)]
    kinds: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    held: Vec<String>,
}

/// A container, and those of the wanted keys that a covering segment's value holds in it.
pub(super) struct ContainerState {
    pub(super) container: Container,
    pub(super) written_keys: Vec<String>,
}

/// Looks at a container.
pub(super) async fn container(
    connection: &mut AsyncPgConnection,
    table: TableId,
    at: &JsonPointer,
    wanted: &[String],
) -> Result<ContainerState, TxError> {
    let probe = ContainerProbe {
        keys: at.tokens().collect(),
        wanted: wanted.to_vec(),
        table: table.get(),
        paths: segments::ancestor_paths(at),
    };
    let row: Option<ContainerProbeRow> = probe.get_result(connection).await.optional()?;
    let below = segments::any_below(connection, table, &path::encode(at)).await?;
    let Some(row) = row else {
        return Ok(ContainerState { container: classify_container(at, None, below), written_keys: Vec::new() });
    };
    let base = path::decode(&row.path)
        .ok_or_else(|| crate::RepositoryError::Corrupt(format!("segment path {:?}", row.path).into()))?;
    let rest: Vec<String> = at.tokens().skip(base.depth()).collect();
    let document = skeleton(&row.kinds, &rest);
    let container = classify_container(at, Some((&base, &document)), below);
    Ok(ContainerState { container, written_keys: row.held })
}

/// A value with the same types along `keys` as the stored one, so that the shared rules can judge it.
fn skeleton(kinds: &[String], keys: &[String]) -> Value {
    let Some((kind, deeper)) = kinds.split_first() else { return Value::Null };
    match kind.as_str() {
        "object" => match keys.split_first() {
            Some((key, keys)) if deeper.first().is_some_and(|kind| !kind.is_empty()) => {
                Value::Object(Map::from_iter([(key.clone(), skeleton(deeper, keys))]))
            }
            _ => json!({}),
        },
        "array" => match keys.split_first() {
            Some((key, keys)) if deeper.first().is_some_and(|kind| !kind.is_empty()) => {
                let mut items = vec![Value::Null; key.parse().unwrap_or(0)];
                items.push(skeleton(deeper, keys));
                Value::Array(items)
            }
            _ => json!([]),
        },
        "" | "null" => Value::Null,
        _ => json!(0),
    }
}

fixed_query! {
    /// Who stands at each target.
    struct TargetProbe {
        tables: Array<BigInt> => Vec<i64>,
        paths: Array<Text> => Vec<String>,
    }
    "select s.table_id is not null as exact, s.task_id,
            exists(select 1 from json_segment b where b.table_id = i.table_id
                   and b.path >= i.path || chr(1) and b.path < i.path || chr(2)) as below
     from unnest({}, {}) with ordinality as i(table_id, path, n)
     left join json_segment s on s.table_id = i.table_id and s.path = i.path
     order by i.n"
}

#[derive(QueryableByName)]
pub(super) struct TargetState {
    #[diesel(sql_type = Bool)]
    pub(super) exact: bool,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(super) task_id: Option<i64>,
    #[diesel(sql_type = Bool)]
    pub(super) below: bool,
}

/// Looks at many targets at once; answers are in their order.
pub(super) async fn targets(
    connection: &mut AsyncPgConnection,
    targets: &[(TableId, String)],
) -> QueryResult<Vec<TargetState>> {
    TargetProbe {
        tables: targets.iter().map(|(table, _)| table.get()).collect(),
        paths: targets.iter().map(|(_, path)| path.clone()).collect(),
    }
    .load(connection)
    .await
}
