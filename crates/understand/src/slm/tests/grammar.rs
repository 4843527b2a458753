use std::collections::BTreeMap;

use carvoice_core::catalogue::Catalogue;
use carvoice_core::command::Command;
use carvoice_core::engine::{Context, EngineError, Pending};
use proptest::prelude::*;

use crate::slm::grammar::{Grammar, Walk};
use crate::slm::language::{self, Answer, Prompt, words};

const MANIFEST: &str = r#"
version = 1
domain = "car"
[[intent]]
name = "car.stop"
sentences = ["stop"]
[[intent]]
name = "car.warm"
slots = [
  { name = "degrees", type = "number", unit = "celsius", min = 16, max = 30, step = 0.5, required = true },
  { name = "seat", type = "choice", values = { left = [], left_rear = [], right = [] } },
]
sentences = ["warm {degrees} {seat}"]
[[intent]]
name = "car.say"
slots = [
  { name = "to", type = "text", required = true },
  { name = "text", type = "text" },
  { name = "number", type = "digits" },
]
sentences = ["say {to} {text} {number}"]
"#;

fn catalogue() -> Catalogue {
    Catalogue::parse(&[("car.toml", MANIFEST)]).unwrap()
}

/// Every byte is a token, and two words that begin like a slot are one.
fn encode(text: &str) -> Result<Vec<u32>, EngineError> {
    let text = text.replace(" to", "\u{1}").replace("=to", "\u{2}");
    Ok(text.bytes().map(u32::from).collect())
}

fn decode(tokens: &[u32]) -> String {
    let bytes = tokens.iter().map(|token| *token as u8).collect();
    String::from_utf8(bytes).unwrap().replace('\u{1}', " to").replace('\u{2}', "=to")
}

/// A prompt in which 16, 21.5 and 30 degrees were said.
fn prompt(utterance: &str) -> Prompt {
    let degrees = BTreeMap::from([("degrees".to_owned(), vec![16.0, 21.5, 30.0])]);
    Prompt::alone(utterance).with_numbers(BTreeMap::from([("car.warm".to_owned(), degrees)]))
}

fn admits(utterance: &str, answer: &str) -> bool {
    let grammar = Grammar::compile(&catalogue(), &encode).unwrap();
    let mut walk = grammar.begin(&prompt(utterance), &encode).unwrap();
    encode(answer).unwrap().into_iter().all(|token| walk.advance(token)) && walk.is_done()
}

#[test]
fn answers_of_the_language_are_admitted() {
    let utterance = "Tell mum's friends to stop, 555 01-23, or to=x; 21.5";
    for answer in [
        "none\n",
        "later\n",
        "car.stop\n",
        "car.warm degrees=21.5\n",
        "car.warm degrees=16 seat=left_rear\n",
        "car.warm seat=left\n",
        "car.say to=mum text=to stop\n",
        "car.say to=mum's friend number=5550123\n",
        "car.say text=to stop 555 01-23 or number=555\n",
        "car.stop ; car.warm degrees=30 ; car.say to=tell ; car.stop\n",
    ] {
        assert!(admits(utterance, answer), "{answer}");
        match language::read(&catalogue(), answer).unwrap() {
            Answer::Commands(commands) => {
                assert_eq!(language::write(&catalogue(), &commands).unwrap(), answer)
            }
            Answer::Nothing => assert_eq!(answer, "none\n"),
            Answer::Later => assert_eq!(answer, "later\n"),
        }
    }
}

#[test]
fn everything_else_is_refused() {
    let utterance = "Tell mum's friends to stop, 555 01-23, or to=x; 21.5";
    for answer in [
        "",
        "none",
        "\n",
        "none ; car.stop\n",
        "car.go\n",
        "car.stop ;\n",
        "car.stop ; \n",
        "car.warm degrees=15\n",
        "car.warm degrees=20\n",
        "car.warm degrees=21\n",
        "car.warm degrees=21.0\n",
        "car.warm degrees=021\n",
        "car.warm degrees=21.25\n",
        "car.warm degrees=\n",
        "car.warm seat=middle\n",
        "car.warm seat=left degrees=21\n",
        "car.warm degrees=21 degrees=22\n",
        "car.say to=dad\n",
        "car.say to=mum friends\n",
        "car.say to=mu\n",
        "car.say to=\n",
        "car.say to=or to=x\n",
        "car.say number=23555\n",
        "car.stop ; car.stop ; car.stop ; car.stop ; car.stop\n",
    ] {
        assert!(!admits(utterance, answer), "{answer}");
    }
}

#[test]
fn slots_that_need_words_are_closed_when_there_are_none() {
    assert!(!admits("?!", "car.say to=\n"));
    let grammar = Grammar::compile(&catalogue(), &encode).unwrap();
    let mut walk = grammar.begin(&Prompt::alone(""), &encode).unwrap();
    assert!(encode("car.say").unwrap().into_iter().all(|token| walk.advance(token)));
    assert_eq!(decode(&walk.allowed()), "\n ", "only the end or the next command may follow");
    assert!(walk.advance(u32::from(b' ')));
    assert_eq!(decode(&walk.allowed()), ";");
    let mut walk = grammar.begin(&Prompt::alone("warm it"), &encode).unwrap();
    assert!(encode("car.warm ").unwrap().into_iter().all(|token| walk.advance(token)));
    assert_eq!(decode(&walk.allowed()), ";s", "no number was said");
}

#[test]
fn the_conversation_stands_before_the_utterance_and_lends_its_texts() {
    let catalogue = catalogue();
    let command = Command::new("car.say").with("to", "Mum").with("text", "I'm late");
    let recent = Context { recent: vec![command.clone()], ..Context::default() };
    let prompt = Prompt::new(&catalogue, "No, dad.", &recent);
    assert_eq!(prompt.text(), "after car.say to=mum text=i'm late\nno dad\n");
    let grammar = Grammar::compile(&catalogue, &encode).unwrap();
    let mut walk = grammar.begin(&prompt, &encode).unwrap();
    let answer = encode("car.say to=dad text=i'm late\n").unwrap();
    assert!(answer.into_iter().all(|token| walk.advance(token)) && walk.is_done());

    let pending = |slot: Option<&str>| Context {
        pending: Some(Pending { command: command.clone(), slot: slot.map(str::to_owned) }),
        ..recent.clone()
    };
    let text = |context| Prompt::new(&catalogue, "Yes", &context).text();
    assert_eq!(text(pending(None)), "confirm car.say to=mum text=i'm late\nyes\n");
    assert_eq!(text(pending(Some("to"))), "ask to car.say to=mum text=i'm late\nyes\n");
    let unknown = Context { recent: vec![Command::new("car.fly")], ..Context::default() };
    assert_eq!(text(unknown), "yes\n");
}

#[test]
fn a_refused_token_changes_nothing() {
    let grammar = Grammar::compile(&catalogue(), &encode).unwrap();
    let mut walk = grammar.begin(&prompt("hello"), &encode).unwrap();
    let before = walk.allowed();
    assert!(!walk.advance(u32::from(b'z')));
    assert_eq!(walk.allowed(), before);
}

#[test]
fn utterances_lose_case_and_punctuation_only() {
    for (utterance, expected) in [
        ("Set it to 21.5 degrees, please!", "set it to 21.5 degrees please"),
        ("  What's\tthe   ETA?\n", "what's the eta"),
        ("Fan at 40% — AC/DC; 8:30 a.m.", "fan at 40% — ac/dc; 8:30 am"),
        ("Mum’s", "mum's"),
        ("1,000 or 2,x.", "1,000 or 2 x"),
        ("yes,please!now", "yes please now"),
        ("...", ""),
        ("\u{0}\u{1b}[31m hi", "[31m hi"),
        ("ÄRGER ẞ", "ärger ß"),
    ] {
        assert_eq!(words(utterance), expected);
        assert_eq!(words(expected), expected);
    }
}

#[test]
fn texts_come_back_as_they_were_spoken() {
    for (text, value, expected) in [
        ("Call Anna, please.", "anna", "Anna"),
        ("Call Mum's mobile.", "mum", "Mum"),
        ("Go to 12 Baker Street, London.", "12 baker street london", "12 Baker Street, London"),
        ("Text Jo I'm at St. Paul's!", "i'm at st paul's", "I'm at St. Paul's"),
        ("Find petrol stations.", "petrol station", "petrol station"),
        ("And to Ben.", "anna", "anna"),
        ("", "x", "x"),
    ] {
        assert_eq!(language::as_spoken(text, value), expected, "{text}");
    }
}

#[test]
fn commands_outside_the_catalogue_cannot_be_written() {
    let refusal = |command: Command| language::write(&catalogue(), &[command]).unwrap_err().to_string();
    assert!(refusal(Command::new("car.fly")).contains("no intent"));
    assert!(refusal(Command::new("car.stop").with("seat", "left")).contains("no slot seat"));
    assert!(refusal(Command::new("car.warm").with("degrees", 15.0)).contains("degrees cannot be"));
    assert!(refusal(Command::new("car.say").with("to", "a=b")).contains("to cannot be"));
    assert!(refusal(Command::new("car.say").with("to", "")).contains("to cannot be"));
    assert!(refusal(Command::new("car.say").with("number", "911a")).contains("number cannot be"));
    assert!(language::write(&catalogue(), &vec![Command::new("car.stop"); 5]).is_err());
    assert!(language::write(&catalogue(), &[]).is_err());
}

/// Takes allowed tokens as `choices` say until the answer is complete, then prefers to end it.
fn wander(mut walk: Walk<'_>, choices: &[usize]) -> String {
    let mut answer = Vec::new();
    let mut choices = choices.iter();
    while !walk.is_done() {
        let allowed = walk.allowed();
        assert!(!allowed.is_empty(), "stuck after {:?}", decode(&answer));
        let token = match choices.next() {
            Some(choice) => allowed[choice % allowed.len()],
            None => allowed.iter().copied().find(|token| *token == u32::from(b'\n')).unwrap_or(allowed[0]),
        };
        assert!(walk.advance(token));
        answer.push(token);
    }
    decode(&answer)
}

proptest! {
    #[test]
    fn whatever_is_chosen_is_a_legal_answer(
        utterance in "(to |tell |mum's |text |number=|; |five |555-1 |stations |21\\.5 |é){0,6}",
        choices in prop::collection::vec(0usize..50, 0..200),
    ) {
        let catalogue = catalogue();
        let grammar = Grammar::compile(&catalogue, &encode).unwrap();
        let words = words(&utterance);
        let answer = wander(grammar.begin(&prompt(&words), &encode).unwrap(), &choices);
        match language::read(&catalogue, &answer) {
            Ok(Answer::Commands(commands)) => prop_assert_eq!(language::write(&catalogue, &commands).unwrap(), answer),
            meaning => prop_assert!(meaning.is_ok(), "{answer:?}: {meaning:?}"),
        }
    }

    #[test]
    fn reading_never_panics(answer in ".{0,60}\n?") {
        let _ = language::read(&catalogue(), &answer);
    }
}
