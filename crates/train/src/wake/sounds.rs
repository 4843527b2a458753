//! Recordings, and what is made of them.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use carvoice_audio::read;
use carvoice_core::audio::SAMPLE_RATE;
use carvoice_core::engine::VoiceActivity;
use carvoice_listen::Silero;

/// One speaker, or recording where the speaker is not known, in so many is held out.
const HELD_OUT: u64 = 4;

/// Sound before every recording, so that it does not begin at the edge.
const LEAD: usize = SAMPLE_RATE as usize * 3 / 2;

/// Longest piece of a recording without the word that is taken at once.
const LONGEST: usize = SAMPLE_RATE as usize * 20;

/// A recording.
pub struct Clip {
    pub samples: Vec<f32>,
    /// Sample at which the word has been spoken; none for other speech.
    pub word_end: Option<usize>,
    pub held_out: bool,
}

/// All recordings.
pub struct Sounds {
    pub clips: Vec<Clip>,
    noises: Vec<Vec<f32>>,
}

/// A sound to learn from.
pub struct Lesson {
    pub samples: Vec<f32>,
    pub word_end: Option<usize>,
}

impl Sounds {
    pub fn read(speech: &Path, noise: &Path, word: &str, voice: &mut Silero) -> anyhow::Result<Self> {
        let mut clips = Vec::new();
        for folder in folders(speech)? {
            for (path, text) in manifest(&folder)? {
                let Ok(samples) = read(&path) else { continue };
                let mut samples: Vec<f32> = samples.iter().copied().collect();
                let words: Vec<&str> = text.split_whitespace().collect();
                let word_end = match words.as_slice() {
                    [only] if *only == word => match last_voiced(&samples, voice)? {
                        Some(end) => Some(end),
                        None => continue,
                    },
                    // A sentence with the word in it teaches neither.
                    words if words.contains(&word) => continue,
                    _ => None,
                };
                samples.truncate(LONGEST);
                clips.push(Clip { samples, word_end, held_out: is_held_out(&path) });
            }
        }
        let mut noises = Vec::new();
        for folder in folders(noise)? {
            let is_noise = !folder.ends_with("impulse-responses");
            for path in flac(&folder)?.into_iter().filter(|_| is_noise) {
                let Ok(samples) = read(&path) else { continue };
                if samples.len() > SAMPLE_RATE as usize {
                    noises.push(samples.iter().copied().collect());
                }
            }
        }
        ensure!(!noises.is_empty(), "no noise in {}", noise.display());
        Ok(Self { clips, noises })
    }
}

/// Speaker (leading number of the name) or name decides, so that no speaker is on both sides.
fn is_held_out(path: &Path) -> bool {
    let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let speaker = name.split('-').next().filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let mut hasher = DefaultHasher::new();
    speaker.unwrap_or(&name).hash(&mut hasher);
    hasher.finish().is_multiple_of(HELD_OUT)
}

fn folders(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut folders: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    Ok(folders)
}

fn flac(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "flac"));
    files.sort();
    Ok(files)
}

/// Recordings and what is said in them, lower case; nothing where that is not known.
fn manifest(folder: &Path) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let path = folder.join("manifest.jsonl");
    let Ok(text) = fs::read_to_string(&path) else { return Ok(Vec::new()) };
    let mut rows = Vec::new();
    for line in text.lines() {
        let row: serde_json::Value =
            serde_json::from_str(line).with_context(|| format!("{} is damaged", path.display()))?;
        let Some(audio) = row.get("audio").and_then(serde_json::Value::as_str) else { continue };
        let said = row.get("text").and_then(serde_json::Value::as_str).unwrap_or_default();
        rows.push((folder.join(audio), said.to_lowercase()));
    }
    Ok(rows)
}

/// Where the last frame of speech ends.
fn last_voiced(samples: &[f32], voice: &mut Silero) -> anyhow::Result<Option<usize>> {
    voice.reset();
    let size = voice.frame();
    let mut last = None;
    for (index, frame) in samples.chunks_exact(size).enumerate() {
        if voice.push(frame)? >= 0.5 {
            last = Some((index + 1) * size);
        }
    }
    Ok(last)
}

/// Makes lessons and tests of recordings.
pub struct Mixer<'a> {
    sounds: &'a Sounds,
    chance: fastrand::Rng,
}

impl<'a> Mixer<'a> {
    pub fn new(sounds: &'a Sounds, seed: u64) -> Self {
        Self { sounds, chance: fastrand::Rng::with_seed(seed) }
    }

    /// A version of a recording: the first as it is, others in noise and at another loudness; every other
    /// one with speech right behind the word, as in an order.
    pub fn lesson(&mut self, clip: &Clip, version: usize) -> Lesson {
        let mut samples = clip.samples.clone();
        if let (Some(end), true) = (clip.word_end, version % 2 == 1) {
            let others: Vec<&Clip> = self
                .sounds
                .clips
                .iter()
                .filter(|other| other.word_end.is_none() && !other.held_out)
                .collect();
            if let Some(other) = self.chance.choice(&others) {
                samples.truncate(end);
                samples.extend(other.samples.iter().take(SAMPLE_RATE as usize));
            }
        }
        let level = (version > 0 || clip.word_end.is_none() && self.chance.bool())
            .then(|| 2.0 + 20.0 * self.chance.f32());
        let mut lesson = self.heard(&Clip { samples, ..*clip }, level);
        let gain = 10.0_f32.powf(1.2 * (self.chance.f32() - 0.75));
        lesson.samples.iter_mut().for_each(|sample| *sample = (*sample * gain).clamp(-1.0, 1.0));
        lesson
    }

    /// A recording with sound before it, `level` dB above noise.
    pub fn heard(&mut self, clip: &Clip, level: Option<f32>) -> Lesson {
        let mut samples = vec![0.0; LEAD];
        samples.extend_from_slice(&clip.samples);
        if let (Some(level), Some(noise)) = (level, self.chance.choice(&self.sounds.noises)) {
            let start = self.chance.usize(..noise.len());
            let gain = rms(&clip.samples) / rms(noise).max(1e-6) * 10.0_f32.powf(-level / 20.0);
            for (sample, noise) in samples.iter_mut().zip(noise.iter().cycle().skip(start)) {
                *sample += gain * noise;
            }
        }
        Lesson { samples, word_end: clip.word_end.map(|end| end + LEAD) }
    }
}

fn rms(samples: &[f32]) -> f32 {
    (samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len().max(1) as f32).sqrt()
}
