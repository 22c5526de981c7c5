//! Source bytes to tokens.
//!
//! Spaces inside an action are tokens too, since `.A .B` and `.A.B` differ. An error becomes the last token, so that the
//! parser reports whatever comes first.

mod scan;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    LeftDelim,
    RightDelim,
    Space,
    Assign,
    Declare,
    Pipe,
    Comma,
    Other,
    LeftParen,
    RightParen,
    Quoted,
    Raw,
    CharConstant,
    Number,
    Complex,
    Field,
    Variable,
    Identifier,
    Dot,
    Bool,
    Nil,
    Keyword(Keyword),
    Eof,
    Error,
}

/// Words with a meaning of their own at the start of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keyword {
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Range,
    Template,
    With,
}

/// A token: the bytes `start..end` of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// All tokens of a source; the last is `Eof`, or `Error` with its message.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) list: Vec<Token>,
    pub(crate) error: String,
}

const LEFT: &[u8] = b"{{";
const RIGHT: &[u8] = b"}}";

/// Splits `source` into tokens.
pub(crate) fn lex(source: &[u8]) -> Tokens {
    let mut lexer = Lexer {
        source,
        pos: 0,
        start: 0,
        parens: 0,
        tokens: Vec::new(),
    };
    let error = match lexer.run() {
        Ok(()) => {
            lexer.start = lexer.pos;
            lexer.emit(Kind::Eof);
            String::new()
        }
        Err(message) => {
            lexer.emit(Kind::Error);
            message
        }
    };
    Tokens {
        list: lexer.tokens,
        error,
    }
}

struct Lexer<'a> {
    source: &'a [u8],
    pos: usize,
    start: usize,
    parens: usize,
    tokens: Vec<Token>,
}

type Scan = Result<(), String>;

impl Lexer<'_> {
    fn run(&mut self) -> Scan {
        while let Some(found) = find(self.rest(), LEFT) {
            self.text(found);
            self.pos += LEFT.len();
            let trims = is_left_trim(self.rest());
            let marker = if trims { 2 } else { 0 };
            if self.rest().get(marker..).is_some_and(|rest| rest.starts_with(b"/*")) {
                self.pos += marker;
                self.comment()?;
                continue;
            }
            self.emit(Kind::LeftDelim);
            self.pos += marker;
            self.start = self.pos;
            self.parens = 0;
            self.action()?;
        }
        self.pos = self.source.len();
        if self.pos > self.start {
            self.emit(Kind::Text);
        }
        Ok(())
    }

    /// The text before an action that starts in `len` bytes.
    fn text(&mut self, len: usize) {
        let delim = self.pos + len;
        let text = self.source.get(self.pos..delim).unwrap_or_default();
        let trims = is_left_trim(self.source.get(delim + LEFT.len()..).unwrap_or_default());
        let kept = if trims {
            text.trim_ascii_end_go().len()
        } else {
            text.len()
        };
        self.pos += kept;
        if kept > 0 {
            self.emit(Kind::Text);
        }
        self.pos = delim;
        self.start = delim;
    }

    fn comment(&mut self) -> Scan {
        self.start = self.pos;
        let body = self.rest().get(2..).unwrap_or_default();
        let end = find(body, b"*/").ok_or("unclosed comment")?;
        self.pos += 2 + end + 2;
        let trims = self.right_delim().ok_or("comment ends before closing delimiter")?;
        self.close(trims);
        Ok(())
    }

    /// Moves past a closing delimiter, and the white space after it when it trims.
    fn close(&mut self, trims: bool) {
        self.pos += if trims { 2 + RIGHT.len() } else { RIGHT.len() };
        if trims {
            let rest = self.rest();
            self.pos += rest.len() - rest.trim_ascii_start_go().len();
        }
        self.start = self.pos;
    }

    /// Whether a closing delimiter stands here, and whether it trims what follows.
    fn right_delim(&self) -> Option<bool> {
        let rest = self.rest();
        if is_right_trim(rest) && rest.get(2..).is_some_and(|rest| rest.starts_with(RIGHT)) {
            return Some(true);
        }
        rest.starts_with(RIGHT).then_some(false)
    }

    /// Tokens up to the closing delimiter.
    fn action(&mut self) -> Scan {
        loop {
            if let Some(trims) = self.right_delim() {
                if self.parens > 0 {
                    return Err("unclosed left paren".into());
                }
                let start = if trims { self.pos + 2 } else { self.pos };
                self.tokens.push(Token {
                    kind: Kind::RightDelim,
                    start,
                    end: start + RIGHT.len(),
                });
                self.close(trims);
                return Ok(());
            }
            self.inside()?;
        }
    }

    fn rest(&self) -> &[u8] {
        self.source.get(self.pos..).unwrap_or_default()
    }

    fn emit(&mut self, kind: Kind) {
        self.tokens.push(Token {
            kind,
            start: self.start,
            end: self.pos,
        });
        self.start = self.pos;
    }
}

/// White space as the language sees it: no vertical tab, no form feed.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn is_left_trim(rest: &[u8]) -> bool {
    matches!(rest, [b'-', space, ..] if is_space(*space))
}

fn is_right_trim(rest: &[u8]) -> bool {
    matches!(rest, [space, b'-', ..] if is_space(*space))
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// Trimming by the language's own idea of white space.
trait TrimGo {
    fn trim_ascii_end_go(&self) -> &[u8];
    fn trim_ascii_start_go(&self) -> &[u8];
}

impl TrimGo for [u8] {
    fn trim_ascii_end_go(&self) -> &[u8] {
        let len = self.iter().rposition(|b| !is_space(*b)).map_or(0, |last| last + 1);
        self.get(..len).unwrap_or_default()
    }

    fn trim_ascii_start_go(&self) -> &[u8] {
        let from = self.iter().position(|b| !is_space(*b)).unwrap_or(self.len());
        self.get(from..).unwrap_or_default()
    }
}
