//! An automaton over tokens that admits the answers of the [language](super::language) and nothing else.
//!
//! Intents, slot names and choices are paths of tokens, compiled once per catalogue. Numbers are those that
//! were said, text and digits are runs of words of the utterance, both compiled once per utterance. One
//! beginning can have several readings (a word of a text may look like the name of the next slot), so a
//! state is a set of places.

use std::sync::Arc;

use carvoice_core::catalogue::{Catalogue, Intent, SlotKind};
use carvoice_core::engine::EngineError;

use super::language::{END, LATER, MOST_COMMANDS, NONE, Prompt, SEPARATOR};
use super::spans::{Encode, Spans, Value};

/// The compiled answers of a catalogue.
pub struct Grammar {
    nodes: Vec<Node>,
    /// Number slots by intent and name.
    numbers: Vec<(String, String)>,
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
    value: Value,
    /// Where the command goes on.
    to: usize,
}

impl Grammar {
    /// Compiles the catalogue.
    ///
    /// # Errors
    /// When `encode` fails.
    pub fn compile(catalogue: &Catalogue, encode: &Encode<'_>) -> Result<Self, EngineError> {
        let mut grammar = Self::of(catalogue.intents(), encode)?;
        for answer in [NONE, LATER] {
            grammar.path(START, &encode(&format!("{answer}{END}"))?, DONE);
        }
        Ok(grammar)
    }

    /// Compiles commands of these intents, without `none` and `later`.
    ///
    /// # Errors
    /// When `encode` fails.
    pub fn of<'a>(
        intents: impl IntoIterator<Item = &'a Intent>,
        encode: &Encode<'_>,
    ) -> Result<Self, EngineError> {
        let mut grammar = Self { nodes: (0..3).map(|_| Node::default()).collect(), numbers: Vec::new() };
        for intent in intents {
            grammar.add(intent, encode)?;
        }
        Ok(grammar)
    }

    /// The answers possible with the free values that the prompt offers.
    ///
    /// # Errors
    /// When `encode` fails.
    pub fn begin(&self, prompt: &Prompt, encode: &Encode<'_>) -> Result<Walk<'_>, EngineError> {
        let numbers = self.numbers.iter().map(|(intent, slot)| prompt.numbers(intent, slot));
        let spans = Spans::new(prompt.sources(), numbers, encode)?;
        let alive = self.living(&spans).into();
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
                    SlotKind::Number(_) => {
                        let value = Value::Number(self.number(&intent.name, &slot.name));
                        self.hole(from, &encode(&format!(" {}=", slot.name))?, Hole { value, to });
                    }
                    // The `=` belongs to the value: it may share a token with the first word.
                    SlotKind::Text | SlotKind::Digits => {
                        let is_text = matches!(slot.kind, SlotKind::Text);
                        let value = if is_text { Value::Text } else { Value::Digits };
                        self.hole(from, &encode(&format!(" {}", slot.name))?, Hole { value, to });
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

    /// The place of a slot in [`Grammar::numbers`].
    fn number(&mut self, intent: &str, slot: &str) -> usize {
        let known = self.numbers.iter().position(|(of, name)| of == intent && name == slot);
        known.unwrap_or_else(|| {
            self.numbers.push((intent.to_owned(), slot.to_owned()));
            self.numbers.len() - 1
        })
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

    /// From which nodes the end can be reached with the values of `spans`.
    fn living(&self, spans: &Spans) -> Vec<bool> {
        let mut alive = vec![false; self.nodes.len()];
        alive[DONE] = true;
        loop {
            let mut changed = false;
            // Backwards, because most edges lead to a later node.
            for (index, node) in self.nodes.iter().enumerate().rev() {
                let hole =
                    node.hole.is_some_and(|hole| alive[hole.to] && !spans.starts(hole.value).is_empty());
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
    spans: Arc<Spans>,
    /// From which nodes the end can be reached.
    alive: Arc<[bool]>,
    places: Vec<Place>,
    commands: usize,
}

/// One reading of what is written so far.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Node(usize),
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
        let Some(Hole { value, to }) = self.grammar.nodes[node].hole else { return };
        self.spans.starts(value).for_each(|number| self.put(Place::Piece { number, at: 0, to }));
    }

    fn read_piece(&mut self, number: usize, at: usize, to: usize, token: u32) {
        let spans = Arc::clone(&self.spans);
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
