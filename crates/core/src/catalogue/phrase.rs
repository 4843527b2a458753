//! Sentence syntax: `[optional]`, `(one|other)`, `<rule>`, `{slot}`.

/// A sentence or rule taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phrase {
    /// A word to be said, as written.
    Word(String),
    /// `a b`: one after the other.
    Sequence(Vec<Phrase>),
    /// `(a|b)`: one of them.
    Choice(Vec<Phrase>),
    /// `[a]`: may be left out.
    Optional(Box<Phrase>),
    /// `<name>`: the phrase of that rule.
    Rule(String),
    /// `{slot}`: a value of the slot.
    Slot {
        /// Name of the slot.
        name: String,
        /// `{slot:rule}`: the words of a free-text slot must be those of the rule.
        rule: Option<String>,
        /// `{slot!}`: any words may stand here; those that are no value make the slot illegal, so that
        /// the driver is asked instead of ignored.
        any: bool,
    },
}

impl Phrase {
    /// Takes a sentence apart.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { rest: text, depth: 0 };
        let phrase = parser.alternatives()?;
        match parser.rest.chars().next() {
            None => Ok(phrase),
            Some(odd) => Err(format!("`{odd}` closes nothing")),
        }
    }

    /// Whether it can be said without a word; `rules` looks rules up by name.
    #[must_use]
    pub fn can_be_empty<'a>(&'a self, rules: &dyn Fn(&str) -> Option<&'a Phrase>) -> bool {
        match self {
            Self::Word(_) | Self::Slot { .. } => false,
            Self::Sequence(parts) => parts.iter().all(|part| part.can_be_empty(rules)),
            Self::Choice(parts) => parts.iter().any(|part| part.can_be_empty(rules)),
            Self::Optional(_) => true,
            Self::Rule(name) => rules(name).is_none_or(|rule| rule.can_be_empty(rules)),
        }
    }

    /// Calls `visit` for this phrase and everything inside it, rules not followed.
    pub fn visit<'a>(&'a self, visit: &mut dyn FnMut(&'a Phrase)) {
        visit(self);
        match self {
            Self::Sequence(parts) | Self::Choice(parts) => {
                parts.iter().for_each(|part| part.visit(visit));
            }
            Self::Optional(part) => part.visit(visit),
            Self::Word(_) | Self::Rule(_) | Self::Slot { .. } => {}
        }
    }
}

/// Brackets inside one another; the shipped sentences have four at most. A limit keeps a hostile
/// manifest from using up the stack.
const DEEPEST: usize = 32;

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn alternatives(&mut self) -> Result<Phrase, String> {
        if self.depth > DEEPEST {
            return Err(format!("more than {DEEPEST} brackets inside one another"));
        }
        self.depth += 1;
        let mut options = vec![self.sequence()?];
        while self.take('|') {
            options.push(self.sequence()?);
        }
        self.depth -= 1;
        Ok(if options.len() == 1 { options.remove(0) } else { Phrase::Choice(options) })
    }

    fn sequence(&mut self) -> Result<Phrase, String> {
        let mut parts = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            match self.rest.chars().next() {
                None | Some('|' | ')' | ']') => break,
                Some('(') => {
                    self.take('(');
                    parts.push(self.alternatives()?);
                    self.close(')', '(')?;
                }
                Some('[') => {
                    self.take('[');
                    parts.push(Phrase::Optional(Box::new(self.alternatives()?)));
                    self.close(']', '[')?;
                }
                Some('<') => {
                    self.take('<');
                    parts.push(Phrase::Rule(name(self.until('>', '<')?)?));
                }
                Some('{') => {
                    self.take('{');
                    parts.push(slot(self.until('}', '{')?)?);
                }
                Some(odd @ ('>' | '}')) => return Err(format!("`{odd}` closes nothing")),
                Some(_) => parts.push(Phrase::Word(self.word())),
            }
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Phrase::Sequence(parts) })
    }

    fn word(&mut self) -> String {
        let end = self.rest.find(|c: char| c.is_whitespace() || "()[]{}<>|".contains(c));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        word.to_owned()
    }

    fn take(&mut self, expected: char) -> bool {
        self.rest.strip_prefix(expected).is_some_and(|rest| {
            self.rest = rest;
            true
        })
    }

    fn close(&mut self, expected: char, opened: char) -> Result<(), String> {
        if self.take(expected) { Ok(()) } else { Err(format!("`{opened}` is not closed by `{expected}`")) }
    }

    fn until(&mut self, end: char, opened: char) -> Result<&'a str, String> {
        let (inside, rest) =
            self.rest.split_once(end).ok_or_else(|| format!("`{opened}` is not closed by `{end}`"))?;
        self.rest = rest;
        Ok(inside)
    }
}

fn slot(inside: &str) -> Result<Phrase, String> {
    let (inside, any) = inside.strip_suffix('!').map_or((inside, false), |inside| (inside, true));
    let (slot, rule) = match inside.split_once(':') {
        None => (inside, None),
        Some((slot, rule)) => (slot, Some(name(rule)?)),
    };
    Ok(Phrase::Slot { name: name(slot)?, rule, any })
}

fn name(text: &str) -> Result<String, String> {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !text.is_empty() && text.chars().all(legal) {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is no name; names are in snake_case"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_every_form_apart() {
        let phrase = Phrase::parse("<set> [the] (heat|fan) to {level!} {what:poi}").unwrap();
        let Phrase::Sequence(parts) = phrase else { panic!("a sequence") };
        assert_eq!(parts[0], Phrase::Rule("set".into()));
        assert_eq!(parts[1], Phrase::Optional(Box::new(Phrase::Word("the".into()))));
        assert!(matches!(&parts[2], Phrase::Choice(options) if options.len() == 2));
        assert_eq!(parts[4], Phrase::Slot { name: "level".into(), rule: None, any: true });
        assert_eq!(parts[5], Phrase::Slot { name: "what".into(), rule: Some("poi".into()), any: false });
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, message) in [
            ("open (the|a window", "`(` is not closed by `)`"),
            ("open [the window", "`[` is not closed by `]`"),
            ("open the window)", "`)` closes nothing"),
            ("open {zone window", "`{` is not closed by `}`"),
            ("open zone}", "`}` closes nothing"),
            ("open {Zone}", "`Zone` is no name; names are in snake_case"),
        ] {
            assert_eq!(Phrase::parse(text), Err(message.to_owned()), "{text}");
        }
    }

    #[test]
    fn knows_what_can_be_silent() {
        for (text, silent) in [("[a] (b|[c])", true), ("", true), ("[a] b", false)] {
            let phrase = Phrase::parse(text).unwrap();
            assert_eq!(phrase.can_be_empty(&|_| None), silent, "{text}");
        }
    }

    #[test]
    fn brackets_do_not_use_up_the_stack() {
        let deep = format!("{}a{}", "[".repeat(20_000), "]".repeat(20_000));
        assert!(Phrase::parse(&deep).unwrap_err().contains("brackets"));
        assert!(Phrase::parse(&format!("{}a{}", "[".repeat(20), "]".repeat(20))).is_ok());
    }
}
