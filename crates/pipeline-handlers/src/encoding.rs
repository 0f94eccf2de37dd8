//! Bytes of text in any encoding → a string.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Bytes looked at to tell UTF-16 without a byte order mark.
const UTF16_SAMPLE: usize = 4_096;
/// Bytes fed to the statistical detector; more changes nothing but the time.
const DETECTOR_SAMPLE: usize = 256 << 10;
/// Up to so many bytes beyond ASCII, the ladder is trusted more than statistics.
const FEW_HIGH_BYTES: usize = 8;

/// Decoded text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The text, without a byte order mark.
    pub text: String,
    /// Name of the encoding.
    pub encoding: &'static str,
    /// Whether some bytes could not be decoded and became U+FFFD.
    pub lossy: bool,
}

impl Decoded {
    /// What the reader should know about the decoding.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.encoding != "UTF-8" {
            warnings.push(format!("decoded from {}", self.encoding));
        }
        if self.lossy {
            warnings.push(format!("some bytes are not valid {} and were replaced", self.encoding));
        }
        warnings
    }
}

/// Decodes: byte order mark → UTF-16 without a mark → strict UTF-8 → statistics → GB18030 → windows-1252.
pub fn decode(bytes: &[u8]) -> Decoded {
    if let Some(decoded) = decode_utf32(bytes) {
        return decoded;
    }
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return decode_as(encoding, &bytes[mark..]);
    }
    // Before UTF-8, since Latin text in UTF-16 is valid UTF-8 full of NUL.
    if let Some(encoding) = utf16_without_mark(bytes) {
        return decode_as(encoding, bytes);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Decoded { text: text.to_owned(), encoding: UTF_8.name(), lossy: false };
    }
    decode_as(guess(bytes), bytes)
}

/// Decodes with a declared encoding, unless a byte order mark says otherwise.
pub fn decode_declared(bytes: &[u8], label: &str) -> Option<Decoded> {
    if Encoding::for_bom(bytes).is_some() {
        return Some(decode(bytes));
    }
    // The HTML standard reads a declared UTF-16 as UTF-8: the declaration was readable as ASCII.
    let declared = Encoding::for_label(label.as_bytes())?;
    let encoding = if declared == UTF_16LE || declared == UTF_16BE { UTF_8 } else { declared };
    let decoded = decode_as(encoding, bytes);
    (!decoded.lossy).then_some(decoded)
}

/// UTF-16 without a byte order mark: in text that is mostly Latin, every second byte is zero.
pub fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = &bytes[..bytes.len().min(UTF16_SAMPLE)];
    if sample.len() < 4 {
        return None;
    }
    let zeros = |parity: usize| sample.iter().skip(parity).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), sample.len() / 2);
    if odd * 10 >= half * 7 && even * 50 <= half {
        Some(UTF_16LE)
    } else if even * 10 >= half * 7 && odd * 50 <= half {
        Some(UTF_16BE)
    } else {
        None
    }
}

fn decode_as(encoding: &'static Encoding, bytes: &[u8]) -> Decoded {
    let (text, lossy) = encoding.decode_without_bom_handling(bytes);
    Decoded { text: text.into_owned(), encoding: encoding.name(), lossy }
}

/// The encoding of bytes that are not UTF-8, by statistics and by what Chinese text looks like.
pub(crate) fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(&bytes[..bytes.len().min(DETECTOR_SAMPLE)], bytes.len() <= DETECTOR_SAMPLE);
    let guessed = detector.guess(None, Utf8Detection::Deny);
    if guessed == GBK {
        // A superset: what GBK reads, it reads alike.
        return GB18030;
    }
    // A few Chinese characters give the statistics too little, and pairs of high bytes throughout give them away.
    let few = bytes.iter().filter(|byte| !byte.is_ascii()).take(FEW_HIGH_BYTES + 1).count() <= FEW_HIGH_BYTES;
    if (few || guessed == WINDOWS_1252) && looks_like_gb2312(bytes) && strict(GB18030, bytes) {
        return GB18030;
    }
    if [BIG5, EUC_JP, EUC_KR, SHIFT_JIS].contains(&guessed) && strict(guessed, bytes) {
        return guessed;
    }
    guessed
}

fn strict(encoding: &'static Encoding, bytes: &[u8]) -> bool {
    encoding.decode_without_bom_handling_and_without_replacement(bytes).is_some()
}

/// Whether high bytes come in pairs of the GB2312 range only.
fn looks_like_gb2312(bytes: &[u8]) -> bool {
    let mut pairs = 0;
    let mut rest = bytes.iter();
    while let Some(lead) = rest.next() {
        if lead.is_ascii() {
            continue;
        }
        match rest.next() {
            Some(trail) if *lead >= 0xA1 && *trail >= 0xA1 => pairs += 1,
            _ => return false,
        }
    }
    pairs > 0
}

/// Whether a byte order mark says UTF-32.
pub(crate) fn is_utf32(bytes: &[u8]) -> bool {
    matches!(bytes, [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..])
}

/// UTF-32 with a byte order mark, which the Web's encodings leave out.
fn decode_utf32(bytes: &[u8]) -> Option<Decoded> {
    let (name, read): (_, fn([u8; 4]) -> u32) = match bytes {
        [0xFF, 0xFE, 0, 0, ..] => ("UTF-32LE", u32::from_le_bytes),
        [0, 0, 0xFE, 0xFF, ..] => ("UTF-32BE", u32::from_be_bytes),
        _ => return None,
    };
    let mut lossy = !bytes.len().is_multiple_of(4);
    let text = bytes[4..]
        .chunks_exact(4)
        .map(|unit| {
            char::from_u32(read([unit[0], unit[1], unit[2], unit[3]])).unwrap_or_else(|| {
                lossy = true;
                char::REPLACEMENT_CHARACTER
            })
        })
        .collect();
    Some(Decoded { text, encoding: name, lossy })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], text: &str, encoding: &str) {
        let decoded = decode(bytes);
        assert_eq!((decoded.text.as_str(), decoded.encoding), (text, encoding));
    }

    #[test]
    fn marks_win() {
        check(b"\xEF\xBB\xBFh\xC3\xA9", "hé", "UTF-8");
        check(b"\xFF\xFEh\0i\0", "hi", "UTF-16LE");
        check(b"\xFE\xFF\0h\0i", "hi", "UTF-16BE");
        check(b"\xFF\xFE\0\0h\0\0\0", "h", "UTF-32LE");
        check(b"\0\0\xFE\xFF\0\0\0h", "h", "UTF-32BE");
    }

    #[test]
    fn encodings_are_told_apart() {
        check("naïve".as_bytes(), "naïve", "UTF-8");
        check(b"h\0e\0l\0l\0o\0", "hello", "UTF-16LE");
        check(b"na\xEFve caf\xE9, r\xE9sum\xE9 du probl\xE8me", "naïve café, résumé du problème", "windows-1252");
        for (text, encoding, expected) in [
            ("你好", GB18030, "gb18030"),
            ("姓名,城市\n张三,北京\n李四,上海\n", GB18030, "gb18030"),
            ("これは日本語の文章です。テストのために書かれました。", SHIFT_JIS, "Shift_JIS"),
            ("這是一個繁體中文的測試文件，內容是關於資料處理。", BIG5, "Big5"),
            ("이 문서는 한국어로 작성된 시험 문서입니다.", EUC_KR, "EUC-KR"),
            ("Zażółć gęślą jaźń, proszę bardzo, dziękuję.", encoding_rs::WINDOWS_1250, "windows-1250"),
            ("Это русский текст, написанный для проверки кодировки.", encoding_rs::WINDOWS_1251, "windows-1251"),
        ] {
            let (bytes, _, _) = encoding.encode(text);
            check(&bytes, text, expected);
        }
    }

    #[test]
    fn a_declared_encoding_must_fit() {
        let (bytes, _, _) = GBK.encode("中文");
        assert_eq!(decode_declared(&bytes, "gb2312").map(|decoded| decoded.text).as_deref(), Some("中文"));
        assert_eq!(decode_declared(b"\xFF\xFF\xFF", "utf-8"), None);
        assert_eq!(decode_declared(b"abc", "no such thing"), None);
    }
}
