//! What groups of RTF save and restore: where text goes and how its bytes and paragraphs read.

use encoding_rs::Encoding;

/// Where the text of a group goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// Into the document.
    Body,
    /// Nowhere.
    Nowhere,
    /// Into the table of fonts.
    Fonts,
    /// Into the style sheet.
    Styles,
    /// Into the mark of a list's item.
    Mark,
}

/// The state of a group.
#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    pub(super) target: Target,
    /// Characters after `\u` that only readers without Unicode show.
    pub(super) fallback: usize,
    /// The encoding of the font, if it has one of its own.
    pub(super) encoding: Option<&'static Encoding>,
    /// Hidden or deleted text.
    pub(super) is_hidden: bool,
    /// Level of the heading that the paragraph is.
    pub(super) level: Option<u8>,
    /// Lists around the innermost one.
    pub(super) depth: usize,
    /// Whether the paragraph is in a table.
    pub(super) in_table: bool,
}

impl State {
    /// The state at the start of a document.
    pub(super) fn new() -> Self {
        Self {
            target: Target::Body,
            fallback: 1,
            encoding: None,
            is_hidden: false,
            level: None,
            depth: 0,
            in_table: false,
        }
    }

    /// `\pard`: a paragraph like any other.
    pub(super) fn reset_paragraph(&mut self) {
        self.level = None;
        self.depth = 0;
        self.in_table = false;
    }
}

/// Where a destination's text goes; `None` for control words that are none.
pub(super) fn target_of(word: &str) -> Option<Target> {
    Some(match word {
        "fonttbl" => Target::Fonts,
        "stylesheet" => Target::Styles,
        "listtext" | "pntext" => Target::Mark,
        "colortbl" | "info" | "pict" | "header" | "headerl" | "headerr" | "headerf" | "footer" | "footerl"
        | "footerr" | "footerf" | "fldinst" | "objdata" | "sp" | "tc" | "tcn" | "xe" | "rxe" | "txe" | "private"
        | "template" | "filetbl" | "revtbl" | "listtable" | "listoverridetable" | "themedata" | "nonshppict"
        | "datafield" | "annotation" | "atnid" | "atnauthor" | "atrfstart" | "atrfend" | "nesttableprops" => {
            Target::Nowhere
        }
        _ => return None,
    })
}

/// The character that a control word stands for.
pub(super) fn character_of(word: &str) -> Option<char> {
    Some(match word {
        "tab" => '\t',
        "line" | "lbr" | "softline" => '\n',
        "emdash" => '—',
        "endash" => '–',
        "emspace" | "enspace" | "qmspace" => ' ',
        "bullet" => '•',
        "lquote" => '‘',
        "rquote" => '’',
        "ldblquote" => '“',
        "rdblquote" => '”',
        _ => return None,
    })
}
