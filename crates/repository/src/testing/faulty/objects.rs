//! An object store that fails on demand.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use millrace_domain::ports::{ListedObject, ObjectError, ObjectStore, ObjectWriter, StoredObject};

use super::faults::{Faults, Moment, Planned};

/// The methods of [`ObjectStore`] and [`ObjectWriter`] that can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ObjectMethod {
    /// `put`
    Put,
    /// `writer`
    Writer,
    /// `write` of a writer
    Write,
    /// `finish` of a writer
    Finish,
    /// `get`
    Get,
    /// `stream`; failing after the work means an error behind the last byte
    Stream,
    /// `delete`
    Delete,
    /// `list`; failing after the work means an error behind the last object
    List,
    /// `check`
    Check,
}

/// Wraps an object store; chosen calls say `Unavailable`, before or after they did their work. A crash after `put`,
/// for instance, is `fail_next(ObjectMethod::Put, 1, Moment::After)`.
pub struct FaultyObjects {
    inner: Arc<dyn ObjectStore>,
    faults: Arc<Faults<ObjectMethod>>,
}

impl FaultyObjects {
    /// Wraps a store; nothing fails yet.
    pub fn new(inner: Arc<dyn ObjectStore>) -> Self {
        Self { inner, faults: Arc::default() }
    }

    /// Makes the next `count` calls of a method fail.
    pub fn fail_next(&self, method: ObjectMethod, count: usize, moment: Moment) {
        self.faults.fail_next(method, count, moment);
    }

    /// What was asked for and what was called.
    pub fn faults(&self) -> &Faults<ObjectMethod> {
        &self.faults
    }
}

fn unavailable() -> ObjectError {
    ObjectError::Unavailable(Box::new(Planned))
}

/// A stream with a failure in front of it or behind it.
fn faulty_stream<T: Send + 'static>(
    moment: Option<Moment>,
    inner: BoxStream<'static, Result<T, ObjectError>>,
) -> BoxStream<'static, Result<T, ObjectError>> {
    let failure = stream::once(async { Err(unavailable()) });
    match moment {
        None => inner,
        Some(Moment::Before) => failure.boxed(),
        Some(Moment::After) => inner.chain(failure).boxed(),
        Some(Moment::HangBefore) => stream::pending().boxed(),
        Some(Moment::HangAfter) => inner.chain(stream::pending()).boxed(),
    }
}

struct FaultyWriter {
    inner: Box<dyn ObjectWriter>,
    faults: Arc<Faults<ObjectMethod>>,
}

#[async_trait]
impl ObjectWriter for FaultyWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), ObjectError> {
        self.faults.around(ObjectMethod::Write, unavailable, self.inner.write(chunk)).await
    }

    async fn finish(self: Box<Self>) -> Result<StoredObject, ObjectError> {
        self.faults.around(ObjectMethod::Finish, unavailable, self.inner.finish()).await
    }

    async fn abort(self: Box<Self>) {
        self.inner.abort().await;
    }
}

#[async_trait]
impl ObjectStore for FaultyObjects {
    async fn put(&self, key: &str, bytes: Bytes) -> Result<StoredObject, ObjectError> {
        self.faults.around(ObjectMethod::Put, unavailable, self.inner.put(key, bytes)).await
    }

    async fn writer(&self, key: &str) -> Result<Box<dyn ObjectWriter>, ObjectError> {
        let inner = self.faults.around(ObjectMethod::Writer, unavailable, self.inner.writer(key)).await?;
        Ok(Box::new(FaultyWriter { inner, faults: self.faults.clone() }))
    }

    async fn get(&self, key: &str) -> Result<Bytes, ObjectError> {
        self.faults.around(ObjectMethod::Get, unavailable, self.inner.get(key)).await
    }

    async fn stream(&self, key: &str) -> Result<BoxStream<'static, Result<Bytes, ObjectError>>, ObjectError> {
        let moment = self.faults.meet(ObjectMethod::Stream);
        match moment {
            Some(Moment::Before) => return Err(unavailable()),
            Some(Moment::HangBefore) => return self.faults.hang().await,
            _ => {}
        }
        Ok(faulty_stream(moment, self.inner.stream(key).await?))
    }

    fn local_path(&self, key: &str) -> Option<PathBuf> {
        self.inner.local_path(key)
    }

    async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        self.faults.around(ObjectMethod::Delete, unavailable, self.inner.delete(key)).await
    }

    fn list(&self, prefix: &str) -> BoxStream<'static, Result<ListedObject, ObjectError>> {
        faulty_stream(self.faults.meet(ObjectMethod::List), self.inner.list(prefix))
    }

    async fn check(&self) -> Result<(), ObjectError> {
        self.faults.around(ObjectMethod::Check, unavailable, self.inner.check()).await
    }
}
