//! A few pages of a document as a document of their own, for a reader that cannot be shown less than a whole one.
//!
//! That reader walks the list of all pages several times for each page it reads: pages taken out of a long document cost
//! it what they hold, and not what the document is long. What no table needs is left behind: the samples of pictures,
//! annotations, the structure tree.

use std::collections::BTreeSet;
use std::io::Write as _;

use unpdf::parser::raw::{PdfDict, PdfObject, RawDocument};

/// An object's number and generation.
type Id = (u32, u16);

/// Entries of a page that say what is on it (ISO 32000-1 §7.7.3.3).
const OWN: [&[u8]; 3] = [b"Type", b"Contents", b"UserUnit"];
/// Those that it may have from the nodes above it (§7.7.3.4).
const INHERITED: [&[u8]; 4] = [b"Resources", b"MediaBox", b"CropBox", b"Rotate"];
/// Nodes looked at above a page.
const MAX_ABOVE: usize = 64;

/// These pages, in this order, as a PDF without encryption.
pub(super) fn of(document: &RawDocument, pages: &[Id]) -> Vec<u8> {
    let mut writer = Writer { bytes: b"%PDF-1.7\n".to_vec(), ..Writer::default() };
    let mut written: BTreeSet<Id> = pages.iter().copied().collect();
    // Numbers of their own for the catalogue and the list of pages, which nothing else leads to.
    let mut free = (1..).filter(|number| document.get_object((*number, 0)).is_none()).map(|number| (number, 0));
    let (Some(catalogue), Some(list)) = (free.next(), free.next()) else {
        return Vec::new();
    };
    let name = |text: &[u8]| PdfObject::Name(text.to_vec());
    let reference = |(number, generation): Id| PdfObject::Reference(number, generation);
    let dictionary = |entries: Vec<(&[u8], PdfObject)>| {
        PdfObject::Dict(entries.into_iter().map(|(key, value)| (key.to_vec(), value)).collect())
    };
    writer.object(catalogue, &dictionary(vec![(b"Type".as_slice(), name(b"Catalog")), (b"Pages", reference(list))]));
    let kids = pages.iter().copied().map(reference).collect::<Vec<_>>();
    let count = PdfObject::Integer(i64::try_from(pages.len()).unwrap_or(i64::MAX));
    let entries = vec![(b"Type".as_slice(), name(b"Pages")), (b"Kids", PdfObject::Array(kids)), (b"Count", count)];
    writer.object(list, &dictionary(entries));
    for &page in pages {
        let mut entries = page_entries(document, page);
        entries.insert(b"Parent".to_vec(), reference(list));
        writer.object(page, &PdfObject::Dict(entries));
    }
    while let Some(id) = writer.wanted.pop() {
        if id != list
            && written.insert(id)
            && let Some(object) = document.get_object(id)
        {
            writer.object(id, object);
        }
    }
    writer.finish(catalogue)
}

/// What is on a page, with what it has from the nodes above it.
fn page_entries(document: &RawDocument, page: Id) -> PdfDict {
    let mut entries = PdfDict::new();
    let mut take = |dict: &PdfDict, keys: &[&[u8]]| {
        for key in keys {
            if let (false, Some(value)) = (entries.contains_key(*key), dict.get(*key)) {
                entries.insert(key.to_vec(), value.clone());
            }
        }
    };
    let mut node = Some(page);
    for _ in 0..MAX_ABOVE {
        let Some(dict) = node.and_then(|id| document.get_dict(id).ok()) else { break };
        if node == Some(page) {
            take(dict, &OWN);
        }
        take(dict, &INHERITED);
        node = dict.get(b"Parent".as_slice()).and_then(PdfObject::as_reference);
    }
    entries
}

#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    /// Where each object begins.
    places: Vec<(Id, usize)>,
    /// What was referred to, for the caller to write.
    wanted: Vec<Id>,
}

impl Writer {
    fn object(&mut self, id: Id, object: &PdfObject) {
        self.places.push((id, self.bytes.len()));
        self.text(&format!("{} {} obj\n", id.0, id.1));
        self.value(object);
        self.text("\nendobj\n");
    }

    fn text(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn value(&mut self, value: &PdfObject) {
        match value {
            PdfObject::Null => self.text("null"),
            PdfObject::Bool(flag) => self.text(if *flag { "true" } else { "false" }),
            PdfObject::Integer(number) => self.text(&number.to_string()),
            PdfObject::Real(number) => self.text(&number.to_string()),
            PdfObject::Name(name) => self.name(name),
            PdfObject::Str(bytes) => {
                self.text("<");
                self.hex(bytes);
                self.text(">");
            }
            PdfObject::Array(values) => {
                self.text("[");
                for value in values {
                    self.value(value);
                    self.text(" ");
                }
                self.text("]");
            }
            PdfObject::Dict(entries) => self.entries(entries),
            PdfObject::Stream(stream) => {
                let is_picture = stream.dict.get(b"Subtype".as_slice()).and_then(PdfObject::as_name) == Some(b"Image");
                let data: &[u8] = if is_picture { &[] } else { &stream.raw_data };
                let mut entries = stream.dict.clone();
                let length = PdfObject::Integer(i64::try_from(data.len()).unwrap_or(i64::MAX));
                entries.insert(b"Length".to_vec(), length);
                self.entries(&entries);
                self.text("\nstream\n");
                self.bytes.extend_from_slice(data);
                self.text("\nendstream");
            }
            PdfObject::Reference(number, generation) => {
                self.wanted.push((*number, *generation));
                self.text(&format!("{number} {generation} R"));
            }
        }
    }

    fn entries(&mut self, entries: &PdfDict) {
        self.text("<<");
        for (key, value) in entries {
            self.name(key);
            self.text(" ");
            self.value(value);
        }
        self.text(">>");
    }

    fn name(&mut self, name: &[u8]) {
        self.text("/");
        for byte in name {
            match byte {
                b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' | b'.' | b'+' => self.bytes.push(*byte),
                other => {
                    self.text("#");
                    self.hex(&[*other]);
                }
            }
        }
    }

    fn hex(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let _infallible = write!(self.bytes, "{byte:02x}");
        }
    }

    fn finish(mut self, catalogue: Id) -> Vec<u8> {
        self.places.sort_unstable();
        let (start, size) = (self.bytes.len(), self.places.last().map_or(0, |(id, _)| id.0.saturating_add(1)));
        self.text("xref\n");
        for ((number, generation), place) in std::mem::take(&mut self.places) {
            self.text(&format!("{number} 1\n{place:010} {generation:05} n \n"));
        }
        self.text(&format!("trailer\n<</Size {size}/Root {} 0 R>>\nstartxref\n{start}\n%%EOF\n", catalogue.0));
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_come_with_what_is_on_them_and_nothing_else() {
        let objects = [
            "<</Type/Catalog/Pages 2 0 R>>",
            "<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2/MediaBox[0 0 300.5 200]/Resources<</Font<</F#201 5 0 R>>>>>>",
            "<</Type/Page/Parent 2 0 R/Contents 6 0 R/Rotate 90>>",
            "<</Type/Page/Parent 2 0 R/Contents[6 0 R]/MediaBox[0 0 9 9]/Annots[8 0 R]/Resources<</XObject<</I 7 0 R>>>>>>",
            "<</Type/Font/BaseFont/A/Name(a\\)b)>>",
            "<</Length 9 0 R>>\nstream\n1 0 0 1 0 0 cm\nendstream",
            "<</Subtype/Image/Length 4>>\nstream\nabcd\nendstream",
            "<</Type/Annot>>",
            "14",
        ];
        let mut bytes = b"%PDF-1.4\n".to_vec();
        let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
        for (index, object) in objects.iter().enumerate() {
            table += &format!("{:010} 00000 n \n", bytes.len());
            bytes.extend_from_slice(format!("{} 0 obj\n{object}\nendobj\n", index + 1).as_bytes());
        }
        let start = bytes.len();
        bytes.extend_from_slice(format!("{table}trailer\n<</Root 1 0 R>>\nstartxref\n{start}\n%%EOF").as_bytes());
        let whole = RawDocument::load(&bytes).expect("a document");

        let excerpt = RawDocument::load(&of(&whole, &[(4, 0), (3, 0)])).expect("an excerpt");
        assert!(!excerpt.xref_reconstructed() && excerpt.skipped_object_count() == 0);
        assert_eq!(excerpt.pages().into_values().collect::<Vec<_>>(), [(4, 0), (3, 0)]);
        let value = |page: u32, key: &[u8]| excerpt.get_dict((page, 0)).ok()?.get(key).cloned();
        assert_eq!(value(3, b"MediaBox"), whole.get_dict((2, 0)).expect("pages").get(b"MediaBox".as_slice()).cloned());
        assert_eq!(value(3, b"Rotate"), Some(PdfObject::Integer(90)));
        assert_eq!(value(4, b"Annots"), None);
        assert!(excerpt.get_object((8, 0)).is_none(), "nothing leads to the annotation");
        assert_eq!(excerpt.get_object((5, 0)), whole.get_object((5, 0)));
        let stream =
            |number| excerpt.get_object((number, 0)).and_then(PdfObject::as_stream).map(|stream| &stream.raw_data);
        assert_eq!(stream(6).map(Vec::as_slice), Some(b"1 0 0 1 0 0 cm".as_slice()));
        assert_eq!(stream(7).map(Vec::len), Some(0));
        let fonts = value(3, b"Resources").and_then(|resources| resources.as_dict()?.get(b"Font".as_slice()).cloned());
        assert!(fonts.is_some_and(|fonts| fonts.as_dict().is_some_and(|fonts| fonts.contains_key(b"F 1".as_slice()))));
    }
}
