//! Packs files into requests.

use super::files::LocalFile;

/// Files in one request at most.
const MAX_FILES: usize = 100;
/// Bytes in one request at most, unless one file alone has more.
const MAX_BYTES: u64 = 64 << 20;

/// Splits the files into requests, in order.
pub(super) fn pack(files: Vec<LocalFile>) -> Vec<Vec<LocalFile>> {
    let mut batches: Vec<Vec<LocalFile>> = Vec::new();
    let mut bytes = 0;
    for file in files {
        match batches.last_mut() {
            Some(batch) if batch.len() < MAX_FILES && bytes + file.size <= MAX_BYTES => {
                bytes += file.size;
                batch.push(file);
            }
            _ => {
                bytes = file.size;
                batches.push(vec![file]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(sizes: &[u64]) -> Vec<Vec<u64>> {
        let files =
            sizes.iter().map(|size| LocalFile { path: "f".into(), name: "f".into(), relative: None, size: *size });
        pack(files.collect()).iter().map(|batch| batch.iter().map(|file| file.size).collect()).collect()
    }

    #[test]
    fn requests_stay_within_their_limits() {
        assert!(sizes(&[]).is_empty());
        assert_eq!(sizes(&[MAX_BYTES, 1, 2]), [vec![MAX_BYTES], vec![1, 2]]);
        assert_eq!(sizes(&[1, MAX_BYTES - 1, 1]), [vec![1, MAX_BYTES - 1], vec![1]]);
        assert_eq!(sizes(&[1, 9 * MAX_BYTES, 1]), [vec![1], vec![9 * MAX_BYTES], vec![1]]);
        let many = sizes(&vec![0; 2 * MAX_FILES + 1]);
        assert_eq!(many.iter().map(Vec::len).collect::<Vec<_>>(), [MAX_FILES, MAX_FILES, 1]);
    }
}
