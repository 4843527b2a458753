//! Sentences compiled for matching: words are numbers, rules are shared, and every sentence knows
//! which words it cannot do without.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use carvoice_core::car::Side;
use carvoice_core::catalogue::{Catalogue, Choice, Intent, NumberKind, Phrase, SlotKind};
use carvoice_core::command::{Command, SlotValue, Slots};

use super::needs::{first_words, needs};
use super::words::template_words;

/// A word known to the templates. [`UNKNOWN`] stands for all others.
pub(super) type WordId = u32;
/// Any word that no template holds.
pub(super) const UNKNOWN: WordId = 0;
/// Not a word: stands in sets of needed words for "a number".
pub(super) const A_NUMBER: WordId = 1;

/// A compiled phrase.
#[derive(Debug)]
pub(super) enum Node {
    /// Nothing to be said.
    Empty,
    /// This word.
    Word(WordId),
    /// One after the other.
    Sequence(Vec<Arc<Node>>),
    /// One of them.
    Choice(Vec<Arc<Node>>),
    /// May be left out.
    Optional(Arc<Node>),
    /// The slot gets this value; nothing is said.
    Value(usize, SlotValue),
    /// A number of the slot.
    Number(usize),
    /// A telephone number.
    Digits(usize),
    /// Any words.
    Text(usize),
    /// The words of this phrase.
    Span(usize, Arc<Node>),
    /// Words that are no value of the slot.
    Wild(usize),
}

/// A slot as the matcher needs it.
#[derive(Debug)]
pub(super) struct SlotInfo {
    pub(super) name: String,
    /// Set for number slots.
    pub(super) number: Option<NumberKind>,
    /// A value alone, as an answer to a question.
    pub(super) value: Arc<Node>,
}

/// One sentence.
#[derive(Debug)]
pub(super) struct Sentence {
    pub(super) intent: usize,
    pub(super) node: Arc<Node>,
    pub(super) set: Arc<Slots>,
    pub(super) need: bool,
    pub(super) implied: bool,
    pub(super) and: Arc<[Command]>,
    /// Sets of words: of each at least one must be in the utterance.
    pub(super) needed: Vec<BTreeSet<WordId>>,
    /// Words it can begin with; none when it can begin with any.
    pub(super) first: Option<BTreeSet<WordId>>,
}

/// All sentences of a catalogue.
#[derive(Debug)]
pub(super) struct Patterns {
    pub(super) sentences: Vec<Sentence>,
    /// Slots of each intent, in catalogue order.
    pub(super) slots: Vec<Vec<SlotInfo>>,
    /// Sentences by their rarest needed word.
    by_word: HashMap<WordId, Vec<usize>>,
    /// Sentences without a needed word.
    always: Vec<usize>,
    ids: HashMap<String, WordId>,
}

impl Patterns {
    /// Compiles every sentence of the catalogues; intents are numbered through.
    pub(super) fn new(catalogues: &[&Catalogue], steering: Side) -> Self {
        let mut compiler =
            Compiler { rules: BTreeMap::new(), ids: HashMap::new(), steering, shared: HashMap::new() };
        let mut sentences = Vec::new();
        let mut slots = Vec::new();
        let mut from = None;
        let intents = catalogues
            .iter()
            .flat_map(|catalogue| catalogue.intents().iter().map(move |intent| (*catalogue, intent)));
        for (index, (catalogue, intent)) in intents.enumerate() {
            if !from.is_some_and(|from| std::ptr::eq(from, catalogue)) {
                from = Some(catalogue);
                compiler.enter(catalogue);
            }
            let mut own = HashMap::new();
            for group in &intent.sentences {
                let set = Arc::new(group.set.clone());
                let and: Arc<[Command]> = group.and.as_slice().into();
                for text in &group.sentences {
                    let Ok(phrase) = Phrase::parse(text) else { continue };
                    let node = compiler.node(&phrase, intent, &mut own);
                    let mut needed = Vec::new();
                    needs(&node, &mut needed);
                    let first = first_words(&node);
                    sentences.push(Sentence {
                        intent: index,
                        node,
                        set: Arc::clone(&set),
                        need: group.need,
                        implied: group.implied,
                        and: Arc::clone(&and),
                        needed,
                        first,
                    });
                }
            }
            let info = |slot: &carvoice_core::catalogue::Slot| SlotInfo {
                name: slot.name.clone(),
                number: if let SlotKind::Number(kind) = &slot.kind { Some(kind.clone()) } else { None },
                value: Arc::new(Node::Empty),
            };
            let mut infos: Vec<SlotInfo> = intent.slots.iter().map(info).collect();
            for (at, info) in infos.iter_mut().enumerate() {
                info.value = compiler.slot(at, intent, &mut own);
            }
            slots.push(infos);
        }
        let mut patterns =
            Self { sentences, slots, by_word: HashMap::new(), always: Vec::new(), ids: compiler.ids };
        patterns.index();
        patterns
    }

    /// Files every sentence under the set of needed words that the fewest sentences share.
    fn index(&mut self) {
        let mut uses: HashMap<WordId, usize> = HashMap::new();
        for word in self.sentences.iter().flat_map(|sentence| sentence.needed.iter().flatten()) {
            *uses.entry(*word).or_default() += 1;
        }
        let cost = |set: &BTreeSet<WordId>| {
            set.iter().map(|word| uses.get(word).copied().unwrap_or_default()).max().unwrap_or_default()
        };
        for (at, sentence) in self.sentences.iter().enumerate() {
            match sentence.needed.iter().min_by_key(|set| cost(set)) {
                Some(rarest) => {
                    rarest.iter().for_each(|word| self.by_word.entry(*word).or_default().push(at))
                }
                None => self.always.push(at),
            }
        }
    }

    /// Number of a word.
    pub(super) fn id(&self, word: &str) -> WordId {
        self.ids.get(word).copied().unwrap_or(UNKNOWN)
    }

    /// Sentences that could match an utterance of these words.
    pub(super) fn candidates(&self, present: &BTreeSet<WordId>) -> Vec<usize> {
        let filed = present.iter().filter_map(|word| self.by_word.get(word)).flatten();
        let mut found: Vec<usize> = filed
            .chain(&self.always)
            .copied()
            .filter(|at| {
                self.sentences
                    .get(*at)
                    .is_some_and(|sentence| sentence.needed.iter().all(|set| !set.is_disjoint(present)))
            })
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

struct Compiler {
    rules: BTreeMap<String, Phrase>,
    ids: HashMap<String, WordId>,
    steering: Side,
    /// Rules without slots, compiled once for all intents.
    shared: HashMap<String, Arc<Node>>,
}

impl Compiler {
    /// Rules are those of this catalogue from here on.
    fn enter(&mut self, catalogue: &Catalogue) {
        let parsed = |(name, text): (&String, &String)| Some((name.clone(), Phrase::parse(text).ok()?));
        self.rules = catalogue.rules().iter().filter_map(parsed).collect();
        self.shared.clear();
    }

    fn words(&mut self, text: &str) -> Arc<Node> {
        if let Some(article) = text.strip_suffix('!') {
            let next = self.ids.len() as WordId + 2;
            return Arc::new(Node::Word(*self.ids.entry(article.to_owned()).or_insert(next)));
        }
        let mut nodes: Vec<_> = template_words(text)
            .into_iter()
            .map(|word| {
                let next = self.ids.len() as WordId + 2;
                Arc::new(Node::Word(*self.ids.entry(word).or_insert(next)))
            })
            .collect();
        match nodes.len() {
            0 => Arc::new(Node::Empty),
            1 => nodes.remove(0),
            _ => Arc::new(Node::Sequence(nodes)),
        }
    }

    fn node(&mut self, phrase: &Phrase, intent: &Intent, own: &mut HashMap<String, Arc<Node>>) -> Arc<Node> {
        match phrase {
            Phrase::Word(word) => self.words(word),
            Phrase::Sequence(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.node(part, intent, own)).collect();
                Arc::new(Node::Sequence(
                    parts.into_iter().filter(|part| !matches!(**part, Node::Empty)).collect(),
                ))
            }
            Phrase::Choice(parts) => {
                Arc::new(Node::Choice(parts.iter().map(|part| self.node(part, intent, own)).collect()))
            }
            Phrase::Optional(part) => match self.node(part, intent, own) {
                empty if matches!(*empty, Node::Empty) => empty,
                part => Arc::new(Node::Optional(part)),
            },
            Phrase::Rule(name) => self.rule(name, intent, own),
            Phrase::Slot { name, rule, any } => {
                let Some(at) = intent.slots.iter().position(|slot| slot.name == *name) else {
                    return Arc::new(Node::Empty);
                };
                let value = match rule {
                    Some(rule) => Arc::new(Node::Span(at, self.rule(rule, intent, own))),
                    None => self.slot(at, intent, own),
                };
                if *any { Arc::new(Node::Choice(vec![value, Arc::new(Node::Wild(at))])) } else { value }
            }
        }
    }

    fn rule(&mut self, name: &str, intent: &Intent, own: &mut HashMap<String, Arc<Node>>) -> Arc<Node> {
        if let Some(node) = self.shared.get(name).or_else(|| own.get(name)) {
            return Arc::clone(node);
        }
        let Some(phrase) = self.rules.get(name).cloned() else { return Arc::new(Node::Empty) };
        let node = self.node(&phrase, intent, own);
        let cache = if self.has_slots(&phrase) { own } else { &mut self.shared };
        cache.insert(name.to_owned(), Arc::clone(&node));
        node
    }

    fn has_slots(&self, phrase: &Phrase) -> bool {
        let mut found = false;
        phrase.visit(&mut |part| match part {
            Phrase::Slot { .. } => found = true,
            Phrase::Rule(name) => {
                found |= self.rules.get(name.as_str()).is_some_and(|rule| self.has_slots(rule))
            }
            _ => {}
        });
        found
    }

    /// Everything that can be said for a slot.
    fn slot(&mut self, at: usize, intent: &Intent, own: &mut HashMap<String, Arc<Node>>) -> Arc<Node> {
        let Some(slot) = intent.slots.get(at) else { return Arc::new(Node::Empty) };
        let key = format!("{{{}}}", slot.name);
        if let Some(node) = own.get(&key) {
            return Arc::clone(node);
        }
        let node = match &slot.kind {
            SlotKind::Text => Node::Text(at),
            SlotKind::Digits => Node::Digits(at),
            SlotKind::Number(kind) => {
                let mut options = vec![Arc::new(Node::Number(at))];
                for (words, value) in &kind.words {
                    options.push(Arc::new(Node::Sequence(vec![
                        self.words(words),
                        Arc::new(Node::Value(at, SlotValue::Number(*value))),
                    ])));
                }
                Node::Choice(options)
            }
            SlotKind::Choice(choices) => self.choice(at, choices, intent, own),
        };
        let node = Arc::new(node);
        own.insert(key, Arc::clone(&node));
        node
    }

    fn choice(
        &mut self,
        at: usize,
        choices: &[Choice],
        intent: &Intent,
        own: &mut HashMap<String, Arc<Node>>,
    ) -> Node {
        let is_zone = choices.iter().any(|choice| choice.value == "rear_left");
        let mut options = Vec::new();
        for choice in choices {
            let sided = if is_zone { sided_words(&choice.value, self.steering) } else { &[] };
            for spoken in choice.spoken.iter().map(String::as_str).chain(sided.iter().copied()) {
                let Ok(phrase) = Phrase::parse(spoken) else { continue };
                let spoken = self.node(&phrase, intent, own);
                let value = Arc::new(Node::Value(at, SlotValue::from(choice.value.as_str())));
                options.push(Arc::new(Node::Sequence(vec![spoken, value])));
            }
        }
        Node::Choice(options)
    }
}

/// Words for a seat that depend on the side of the steering wheel.
fn sided_words(zone: &str, steering: Side) -> &'static [&'static str] {
    const LEFT: &[&str] = &[
        "left [side] [seat]",
        "left hand [side] [seat]",
        "front left [side] [seat]",
        "left front [side] [seat]",
    ];
    const RIGHT: &[&str] = &[
        "right [side] [seat]",
        "right hand [side] [seat]",
        "front right [side] [seat]",
        "right front [side] [seat]",
    ];
    const BEHIND_DRIVER: &[&str] = &[
        "(seat|passenger|person|one) behind (driver|me) [seat]",
        "behind (driver|me) [seat]",
        "(rear|back) driver [side] [seat]",
        "driver side (rear|back) [seat]",
        "driver (rear|back) [seat]",
    ];
    const BEHIND_PASSENGER: &[&str] = &[
        "(seat|person|one) behind [front] passenger [seat]",
        "behind [front] passenger [seat]",
        "(rear|back) passenger side [seat]",
        "passenger side (rear|back) [seat]",
        "passenger (rear|back) [seat]",
    ];
    match (zone, steering) {
        ("driver", Side::Left) | ("passenger", Side::Right) => LEFT,
        ("driver", Side::Right) | ("passenger", Side::Left) => RIGHT,
        ("rear_left", Side::Left) | ("rear_right", Side::Right) => BEHIND_DRIVER,
        ("rear_left", Side::Right) | ("rear_right", Side::Left) => BEHIND_PASSENGER,
        _ => &[],
    }
}
