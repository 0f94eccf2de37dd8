//! RTF as tokens (Rich Text Format Specification 1.9.1, "Conventions of an RTF reader").

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `{`
    Open,
    /// `}`
    Close,
    /// `\word` with its number.
    Word(&'a str, Option<i32>),
    /// `\` and one character that is no letter.
    Symbol(u8),
    /// A byte of text, plain or as `\'hh`.
    Byte(u8),
}

/// Splits RTF into tokens, in linear time.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    rest: &'a [u8],
}

impl<'a> Tokens<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Passes over raw bytes, which `\bin` announces.
    pub(super) fn pass_over(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    fn take(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn control(&mut self) -> Option<Token<'a>> {
        let letters = self.rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        if letters == 0 {
            return match self.take()? {
                b'\'' => {
                    let digits = std::str::from_utf8(self.rest.get(..2).unwrap_or_default()).unwrap_or_default();
                    // Broken digits are no byte, and nothing else either.
                    let byte = u8::from_str_radix(digits, 16).ok();
                    self.pass_over(2);
                    Some(byte.map_or(Token::Symbol(b'-'), Token::Byte))
                }
                symbol => Some(Token::Symbol(symbol)),
            };
        }
        let (word, rest) = self.rest.split_at(letters);
        self.rest = rest;
        let sign = usize::from(self.rest.first() == Some(&b'-'));
        let digits = self.rest[sign..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = (digits > 0).then(|| {
            let (number, rest) = self.rest.split_at(sign + digits);
            self.rest = rest;
            std::str::from_utf8(number).ok().and_then(|number| number.parse().ok()).unwrap_or(0)
        });
        if self.rest.first() == Some(&b' ') {
            self.pass_over(1);
        }
        Some(Token::Word(std::str::from_utf8(word).unwrap_or_default(), number))
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            return match self.take()? {
                b'{' => Some(Token::Open),
                b'}' => Some(Token::Close),
                b'\\' => self.control(),
                b'\r' | b'\n' | 0 => continue,
                byte => Some(Token::Byte(byte)),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_told_apart() {
        let tokens: Vec<_> = Tokens::of(b"{\\rtf1\\u-10179 ?a\r\n\\'e9\\~\\par}").collect();
        assert_eq!(
            tokens,
            [
                Token::Open,
                Token::Word("rtf", Some(1)),
                Token::Word("u", Some(-10179)),
                Token::Byte(b'?'),
                Token::Byte(b'a'),
                Token::Byte(0xE9),
                Token::Symbol(b'~'),
                Token::Word("par", None),
                Token::Close,
            ]
        );
        assert_eq!(Tokens::of(b"\\").count(), 0);
        assert_eq!(Tokens::of(b"\\'e").collect::<Vec<_>>(), [Token::Symbol(b'-')]);
    }
}
