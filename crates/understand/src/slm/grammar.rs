//! An automaton over tokens that admits the answers of the [language](super::language) and nothing else.
//!
//! Intents, slot names and choices are paths of tokens, compiled once per catalogue. Numbers are typed
//! digit by digit within their range and step. Text and digits are runs of words of the utterance,
//! compiled once per utterance. One beginning can have several readings (a word of a text may look like
//! the name of the next slot), so a state is a set of places.

use carvoice_core::catalogue::{Catalogue, Intent, SlotKind};
use carvoice_core::engine::EngineError;

use super::language::{END, LATER, MOST_COMMANDS, NONE, SEPARATOR};
use super::numbers::{Range, Typed};
use super::spans::{Encode, SpanKind, Spans};

/// The compiled answers of a catalogue.
pub struct Grammar {
    nodes: Vec<Node>,
    numbers: Vec<Range>,
    /// Tokens of the ten digits and the point.
    digits: Vec<(char, u32)>,
    /// Whether the end can be reached from a node in an utterance that offers, or lacks, text
    /// (bit 0) and digits (bit 1).
    alive: [Vec<bool>; 4],
}

/// Where an answer begins.
const START: usize = 0;
/// Where every answer ends.
const DONE: usize = 1;
/// Behind ` ;`, where a further command begins.
const MORE: usize = 2;

#[derive(Default)]
struct Node {
    edges: Vec<Edge>,
    hole: Option<Hole>,
    /// Whether this is an inner node of paths from one place, which paths that begin alike share.
    shared: bool,
}

struct Edge {
    token: u32,
    to: usize,
    /// The beginning of a separator, closed after the last command that fits.
    separator: bool,
}

/// A value that is not a fixed path.
#[derive(Clone, Copy)]
struct Hole {
    kind: HoleKind,
    /// Where the command goes on.
    to: usize,
}

#[derive(Clone, Copy)]
enum HoleKind {
    /// Index into [`Grammar::numbers`].
    Number(usize),
    Span(SpanKind),
}

impl Grammar {
    /// Compiles the catalogue.
    ///
    /// # Errors
    /// When `encode` fails or does not give every digit a token of its own.
    pub fn compile(catalogue: &Catalogue, encode: &Encode<'_>) -> Result<Self, EngineError> {
        let digits = "0123456789.".chars().map(|c| match encode(&c.to_string())?.as_slice() {
            &[token] => Ok((c, token)),
            tokens => Err(EngineError::failed(format!("{c:?} is {} tokens, not one", tokens.len()))),
        });
        let mut grammar = Self {
            nodes: (0..3).map(|_| Node::default()).collect(),
            numbers: Vec::new(),
            digits: digits.collect::<Result<_, EngineError>>()?,
            alive: Default::default(),
        };
        for answer in [NONE, LATER] {
            grammar.path(START, &encode(&format!("{answer}{END}"))?, DONE);
        }
        for intent in catalogue.intents() {
            grammar.add(intent, encode)?;
        }
        grammar.alive = std::array::from_fn(|offered| grammar.living(offered));
        Ok(grammar)
    }

    /// The answers possible with free values from these texts, given as [`words`](super::language::words).
    ///
    /// # Errors
    /// When `encode` fails.
    pub fn begin<'t>(
        &self,
        texts: impl Iterator<Item = &'t str>,
        encode: &Encode<'_>,
    ) -> Result<Walk<'_>, EngineError> {
        let spans = Spans::new(texts, encode)?;
        let offered =
            [SpanKind::Text, SpanKind::Digits].map(|kind| usize::from(!spans.starts(kind).is_empty()));
        let alive = &self.alive[offered[0] | offered[1] << 1];
        let mut walk = Walk { grammar: self, spans: spans.into(), alive, places: Vec::new(), commands: 1 };
        walk.enter(START);
        Ok(walk)
    }

    fn add(&mut self, intent: &Intent, encode: &Encode<'_>) -> Result<(), EngineError> {
        // `states[i]`: slots before the i-th are settled.
        let states: Vec<usize> = (0..=intent.slots.len()).map(|_| self.node(false)).collect();
        self.path(START, &encode(&intent.name)?, states[0]);
        self.path(MORE, &encode(&format!(" {}", intent.name))?, states[0]);
        for (place, slot) in intent.slots.iter().enumerate() {
            let to = states[place + 1];
            for &from in &states[..=place] {
                match &slot.kind {
                    SlotKind::Choice(choices) => {
                        for choice in choices {
                            self.path(from, &encode(&format!(" {}={}", slot.name, choice.value))?, to);
                        }
                    }
                    SlotKind::Number(kind) => {
                        let Some(range) = Range::new(kind) else { continue };
                        self.numbers.push(range);
                        let kind = HoleKind::Number(self.numbers.len() - 1);
                        self.hole(from, &encode(&format!(" {}=", slot.name))?, Hole { kind, to });
                    }
                    // The `=` belongs to the value: it may share a token with the first word.
                    SlotKind::Text | SlotKind::Digits => {
                        let kind = if matches!(slot.kind, SlotKind::Text) {
                            SpanKind::Text
                        } else {
                            SpanKind::Digits
                        };
                        self.hole(
                            from,
                            &encode(&format!(" {}", slot.name))?,
                            Hole { kind: HoleKind::Span(kind), to },
                        );
                    }
                }
            }
        }
        let (end, separator) = (encode(END)?, encode(SEPARATOR.trim_end())?);
        for from in states {
            self.path(from, &end, DONE);
            self.separate(from, &separator);
        }
        Ok(())
    }

    fn node(&mut self, shared: bool) -> usize {
        self.nodes.push(Node { shared, ..Node::default() });
        self.nodes.len() - 1
    }

    fn edge(&mut self, from: usize, token: u32, to: usize) {
        self.nodes[from].edges.push(Edge { token, to, separator: false });
    }

    /// The node at the end of `tokens`, shared with paths that begin alike.
    fn walk_or_make(&mut self, mut from: usize, tokens: &[u32]) -> usize {
        for &token in tokens {
            let known =
                self.nodes[from].edges.iter().find(|edge| edge.token == token && self.nodes[edge.to].shared);
            from = match known {
                Some(edge) => edge.to,
                None => {
                    let to = self.node(true);
                    self.edge(from, token, to);
                    to
                }
            };
        }
        from
    }

    fn path(&mut self, from: usize, tokens: &[u32], to: usize) {
        if let Some((last, tokens)) = tokens.split_last() {
            let from = self.walk_or_make(from, tokens);
            self.edge(from, *last, to);
        }
    }

    /// A path to [`MORE`] that shares no node, because it can be closed.
    fn separate(&mut self, mut from: usize, tokens: &[u32]) {
        for (index, &token) in tokens.iter().enumerate() {
            let to = if index + 1 == tokens.len() { MORE } else { self.node(false) };
            self.nodes[from].edges.push(Edge { token, to, separator: index == 0 });
            from = to;
        }
    }

    fn hole(&mut self, from: usize, tokens: &[u32], hole: Hole) {
        let at = self.walk_or_make(from, tokens);
        self.nodes[at].hole = Some(hole);
    }

    /// From which nodes the end can be reached.
    fn living(&self, offered: usize) -> Vec<bool> {
        let mut alive = vec![false; self.nodes.len()];
        alive[DONE] = true;
        loop {
            let mut changed = false;
            // Backwards, because most edges lead to a later node.
            for (index, node) in self.nodes.iter().enumerate().rev() {
                let hole = node.hole.is_some_and(|hole| {
                    alive[hole.to]
                        && match hole.kind {
                            HoleKind::Number(_) => true,
                            HoleKind::Span(kind) => offered >> kind as usize & 1 == 1,
                        }
                });
                if !alive[index] && (hole || node.edges.iter().any(|edge| alive[edge.to])) {
                    alive[index] = true;
                    changed = true;
                }
            }
            if !changed {
                return alive;
            }
        }
    }
}

/// An answer in the making.
#[derive(Clone)]
pub struct Walk<'g> {
    grammar: &'g Grammar,
    spans: std::sync::Arc<Spans>,
    alive: &'g [bool],
    places: Vec<Place>,
    commands: usize,
}

/// One reading of what is written so far.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Node(usize),
    Number {
        range: usize,
        typed: Typed,
        to: usize,
    },
    /// Within the tokens of a piece.
    Piece {
        number: usize,
        at: usize,
        to: usize,
    },
}

impl Walk<'_> {
    /// The tokens that may come next, in ascending order; none when the answer is complete.
    #[must_use]
    pub fn allowed(&self) -> Vec<u32> {
        let mut tokens = Vec::new();
        for place in &self.places {
            match *place {
                Place::Node(node) => tokens.extend(self.open_edges(node).map(|edge| edge.token)),
                Place::Number { range, typed, .. } => {
                    let range = &self.grammar.numbers[range];
                    let digits = self.grammar.digits.iter();
                    tokens.extend(
                        digits.filter(|(c, _)| range.push(typed, *c).is_some()).map(|(_, token)| *token),
                    );
                }
                Place::Piece { number, at, .. } => tokens.extend(self.spans.piece(number).tokens.get(at)),
            }
        }
        tokens.sort_unstable();
        tokens.dedup();
        tokens
    }

    /// Whether the answer is complete.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.places.contains(&Place::Node(DONE))
    }

    /// Takes the next token. False, and nothing changed, when it may not come here.
    pub fn advance(&mut self, token: u32) -> bool {
        let before = std::mem::take(&mut self.places);
        let commands = self.commands;
        for place in &before {
            match *place {
                Place::Node(node) => {
                    let targets: Vec<usize> = self
                        .open_edges(node)
                        .filter(|edge| edge.token == token)
                        .map(|edge| edge.to)
                        .collect();
                    for to in targets {
                        self.enter(to);
                    }
                }
                Place::Number { range, typed, to } => self.type_digit(range, typed, to, token),
                Place::Piece { number, at, to } => self.read_piece(number, at, to, token),
            }
        }
        if self.places.is_empty() {
            self.places = before;
            self.commands = commands;
            return false;
        }
        true
    }

    fn open_edges(&self, node: usize) -> impl Iterator<Item = &Edge> {
        let full = self.commands >= MOST_COMMANDS;
        self.grammar.nodes[node]
            .edges
            .iter()
            .filter(move |edge| self.alive[edge.to] && !(full && edge.separator))
    }

    fn put(&mut self, place: Place) {
        if !self.places.contains(&place) {
            self.places.push(place);
        }
    }

    fn enter(&mut self, node: usize) {
        // Words of an utterance never hold the separator's sign, so all readings count alike.
        if node == MORE && !self.places.contains(&Place::Node(MORE)) {
            self.commands += 1;
        }
        self.put(Place::Node(node));
        let Some(Hole { kind, to }) = self.grammar.nodes[node].hole else { return };
        match kind {
            HoleKind::Number(range) => self.put(Place::Number { range, typed: Typed::default(), to }),
            HoleKind::Span(kind) => {
                self.spans.starts(kind).for_each(|number| self.put(Place::Piece { number, at: 0, to }));
            }
        }
    }

    fn type_digit(&mut self, range: usize, typed: Typed, to: usize, token: u32) {
        let grammar = self.grammar;
        let Some((c, _)) = grammar.digits.iter().find(|(_, digit)| *digit == token) else { return };
        let Some(typed) = grammar.numbers[range].push(typed, *c) else { return };
        self.put(Place::Number { range, typed, to });
        if grammar.numbers[range].is_complete(typed) {
            self.enter(to);
        }
    }

    fn read_piece(&mut self, number: usize, at: usize, to: usize, token: u32) {
        let spans = std::sync::Arc::clone(&self.spans);
        let piece = spans.piece(number);
        if piece.tokens.get(at) != Some(&token) {
            return;
        }
        if at + 1 < piece.tokens.len() {
            self.put(Place::Piece { number, at: at + 1, to });
        } else {
            piece.next.clone().for_each(|number| self.put(Place::Piece { number, at: 0, to }));
            self.enter(to);
        }
    }
}
