//! Thinking ahead of the end of an utterance.

use super::*;

impl Cabin {
    /// A pause, and what the words so far turn out to be.
    fn pause(&mut self, text: &str, meaning: Interpretation) -> Vec<String> {
        let ended_at = self.now;
        let lines =
            self.step(Event::SpeechPaused { turn: self.turn(), speech: Arc::from([0.1_f32]), ended_at });
        assert_eq!(lines, ["guess words"]);
        let guess = self.machine.guess.as_ref().unwrap().number();
        let result = Ok(Transcript { text: text.to_owned(), confidence: 0.9 });
        let lines = self.step(Event::WordsGuessed { turn: self.turn(), guess, result });
        assert_eq!(lines, [format!("> PartialTranscript {text}"), format!("guess meaning {text}")]);
        self.step(Event::MeaningGuessed { turn: self.turn(), guess, result: Ok(meaning) })
    }
}

fn meant(command: Command) -> Interpretation {
    let candidates = vec![Candidate::complete(command, 0.9)];
    Interpretation { candidates, left_over: None, later: false }
}

fn lacking(slot: &str) -> Interpretation {
    let mut candidate = Candidate::complete(Command::new("climate.set_temperature"), 0.9);
    candidate.problem = Some(Problem::Missing { slot: slot.to_owned() });
    Interpretation { candidates: vec![candidate], left_over: None, later: false }
}

#[test]
fn a_whole_order_ends_the_utterance() {
    let mut cabin = Cabin::new();
    cabin.press();
    let lines = cabin.pause("make it 21 degrees", meant(warm()));
    assert_eq!(lines, ["stop listening", "> Transcript make it 21 degrees", "read car"]);
    let late = cabin.speak();
    assert!(late.is_empty(), "what the listener still says is void: {late:?}");
}

#[test]
fn an_unfinished_order_is_waited_for() {
    let mut cabin = Cabin::new();
    cabin.press();
    assert_eq!(cabin.pause("set the temperature", lacking("temperature")), ["end after 2s"]);
    assert_eq!(cabin.step(Event::SpeechResumed { turn: cabin.turn() }), ["drop guess"]);
    assert_eq!(cabin.pause("set the temperature to", meant(warm())), ["end after 2s"]);
    cabin.step(Event::SpeechResumed { turn: cabin.turn() });
    let lines = cabin.pause("set the temperature to 21", meant(warm()));
    assert_eq!(lines[0], "stop listening");
}

#[test]
fn free_text_may_go_on_for_a_moment() {
    let mut cabin = Cabin::new();
    cabin.press();
    assert_eq!(cabin.pause("play some jazz", meant(jazz())), ["end after 400ms"]);
    // The silence lasts: what is known already is not found out again.
    assert_eq!(cabin.speak(), ["> Transcript play some jazz", "read car"]);
}

#[test]
fn speech_that_goes_on_makes_a_guess_void() {
    let mut cabin = Cabin::new();
    cabin.press();
    let ended_at = cabin.now;
    cabin.step(Event::SpeechPaused { turn: cabin.turn(), speech: Arc::from([0.1_f32]), ended_at });
    let guess = cabin.machine.guess.as_ref().unwrap().number();
    cabin.step(Event::SpeechResumed { turn: cabin.turn() });
    let result = Ok(Transcript { text: "stop".to_owned(), confidence: 0.9 });
    assert!(cabin.step(Event::WordsGuessed { turn: cabin.turn(), guess, result }).is_empty());
    assert_eq!(cabin.speak(), ["transcribe"], "the whole is transcribed");
}

#[test]
fn an_utterance_that_ends_meanwhile_waits_for_the_guess() {
    let mut cabin = Cabin::new();
    cabin.press();
    let ended_at = cabin.now;
    cabin.step(Event::SpeechPaused { turn: cabin.turn(), speech: Arc::from([0.1_f32]), ended_at });
    let guess = cabin.machine.guess.as_ref().unwrap().number();
    assert!(cabin.speak().is_empty());
    assert_eq!(cabin.machine.state(), State::Transcribing);
    let failed = Err(EngineError::failed("busy"));
    let lines = cabin.step(Event::WordsGuessed { turn: cabin.turn(), guess, result: failed });
    assert_eq!(lines, ["transcribe"], "without a guess it goes the usual way");
}

#[test]
fn cancelling_drops_the_guess() {
    let mut cabin = Cabin::new();
    cabin.press();
    let ended_at = cabin.now;
    cabin.step(Event::SpeechPaused { turn: cabin.turn(), speech: Arc::from([0.1_f32]), ended_at });
    assert!(cabin.step(Event::Cancelled).contains(&"drop guess".to_owned()));
}
