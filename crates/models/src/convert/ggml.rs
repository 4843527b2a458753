//! Whisper from CTranslate2 to the ggml file that whisper.cpp loads, in half precision. Weights are
//! copied bit for bit; vectors and position tables are widened to single precision.

use super::ctranslate2::{Archive, Variable, half};
use super::{ConvertError, Output, mel};

const MAGIC: u32 = 0x6767_6d6c;
/// Number of the half-precision format, for the file and for one tensor.
const F16: u32 = 1;
/// Number of the single-precision format of one tensor.
const F32: u32 = 0;
/// Size of the multilingual vocabulary; the English one is smaller by a token.
const MULTILINGUAL: usize = 51865;
/// Text tokens of the English vocabulary. The loader adds the special tokens itself.
const TEXT_TOKENS: usize = 50256;

/// Writes the ggml file of the CTranslate2 model `weights` with the tokens of `vocabulary`.
pub(super) fn write(weights: &[u8], vocabulary: &[u8], out: &mut dyn Output) -> Result<(), ConvertError> {
    let model = Archive::parse(weights)?;
    if (model.architecture, model.revision) != ("WhisperSpec", 3) {
        let (found, revision) = (model.architecture, model.revision);
        return Err(ConvertError::Input(format!(
            "{found} revision {revision}, expected WhisperSpec revision 3"
        )));
    }
    let mut file = File { out };
    let [vocabulary_size, mels] = file.header(&model)?;
    file.u32(mels)?;
    file.u32(mel::BINS)?;
    for weight in mel::filters(mels) {
        file.out.write_all(&weight.to_le_bytes())?;
    }
    let tokens = tokens(vocabulary, vocabulary_size)?;
    file.u32(tokens.len())?;
    for token in tokens {
        file.u32(token.len())?;
        file.out.write_all(&token)?;
    }
    file.encoder(&model)?;
    file.decoder(&model)
}

/// The bytes of each text token, in the order of their numbers.
fn tokens(vocabulary: &[u8], size: usize) -> Result<Vec<Vec<u8>>, ConvertError> {
    let text = std::str::from_utf8(vocabulary).map_err(ConvertError::input)?;
    let mut tokens =
        text.lines().take(TEXT_TOKENS.min(size)).map(token_bytes).collect::<Result<Vec<_>, _>>()?;
    if size >= MULTILINGUAL {
        // The multilingual vocabulary has one more text token, which stands for nothing.
        tokens.push(Vec::new());
    }
    Ok(tokens)
}

/// Undoes GPT-2's mapping of bytes to printable characters: printable Latin-1 stands for itself, the
/// other bytes are numbered from U+0100 in ascending order.
fn token_bytes(token: &str) -> Result<Vec<u8>, ConvertError> {
    let itself = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let others: Vec<u8> = (0..=u8::MAX).filter(|byte| !itself(*byte)).collect();
    token
        .chars()
        .map(|character| {
            let code = u32::from(character);
            let byte = match u8::try_from(code) {
                Ok(byte) => Some(byte).filter(|byte| itself(*byte)),
                Err(_) => usize::try_from(code - 0x100).ok().and_then(|index| others.get(index)).copied(),
            };
            byte.ok_or_else(|| ConvertError::Input(format!("vocabulary: {character:?} stands for no byte")))
        })
        .collect()
}

struct File<'a> {
    out: &'a mut dyn Output,
}

impl File<'_> {
    fn u32(&mut self, value: usize) -> Result<(), ConvertError> {
        let value = u32::try_from(value).map_err(ConvertError::input)?;
        Ok(self.out.write_all(&value.to_le_bytes())?)
    }

    /// Writes the header; gives the sizes of the vocabulary and of the mel filter bank.
    fn header(&mut self, model: &Archive) -> Result<[usize; 2], ConvertError> {
        let shape = |name: &str, axis: usize| {
            let dims = model.get(name)?;
            let dim = dims.dims().get(axis).copied();
            dim.ok_or_else(|| ConvertError::Input(format!("variable {name} has no dimension {axis}")))
        };
        let heads = |name: &str| {
            let heads = model.get(name)?.scalar().and_then(|heads| usize::try_from(heads).ok());
            heads.ok_or_else(|| ConvertError::Input(format!("variable {name} is not a number of heads")))
        };
        let vocabulary = shape("decoder/embeddings/weight", 0)?;
        let state = shape("decoder/embeddings/weight", 1)?;
        let mels = shape("encoder/conv1/weight", 1)?;
        if !(1..=128).contains(&mels) {
            return Err(ConvertError::Input(format!("{mels} mel filters, expected 80 or 128")));
        }
        self.out.write_all(&MAGIC.to_le_bytes())?;
        for value in [
            vocabulary,
            shape("encoder/position_encodings/encodings", 0)?,
            state,
            heads("encoder/num_heads")?,
            model.layers("encoder"),
            shape("decoder/position_encodings/encodings", 0)?,
            state,
            heads("decoder/num_heads")?,
            model.layers("decoder"),
            mels,
        ] {
            self.u32(value)?;
        }
        self.out.write_all(&F16.to_le_bytes())?;
        Ok([vocabulary, mels])
    }

    fn encoder(&mut self, model: &Archive) -> Result<(), ConvertError> {
        self.wide("encoder.positional_embedding", &model.get("encoder/position_encodings/encodings")?)?;
        for conv in ["conv1", "conv2"] {
            self.narrow(&format!("encoder.{conv}.weight"), &model.get(&format!("encoder/{conv}/weight"))?)?;
            let bias = model.get(&format!("encoder/{conv}/bias"))?;
            let channels = bias.dims().first().copied().unwrap_or_default();
            // whisper.cpp adds this bias to frames in columns, so the file holds it as a column.
            self.tensor(&format!("encoder.{conv}.bias"), &[channels, 1], F32, &bias)?;
        }
        for layer in 0..model.layers("encoder") {
            let (from, to) = (format!("encoder/layer_{layer}"), format!("encoder.blocks.{layer}"));
            self.self_attention(model, &from, &to)?;
            self.mlp(model, &from, &to)?;
        }
        self.norm(model, "encoder/layer_norm", "encoder.ln_post")
    }

    fn decoder(&mut self, model: &Archive) -> Result<(), ConvertError> {
        self.wide("decoder.positional_embedding", &model.get("decoder/position_encodings/encodings")?)?;
        self.narrow("decoder.token_embedding.weight", &model.get("decoder/embeddings/weight")?)?;
        for layer in 0..model.layers("decoder") {
            let (from, to) = (format!("decoder/layer_{layer}"), format!("decoder.blocks.{layer}"));
            self.self_attention(model, &from, &to)?;
            let cross = format!("{from}/attention");
            self.norm(model, &format!("{cross}/layer_norm"), &format!("{to}.cross_attn_ln"))?;
            self.linear(model, &format!("{cross}/linear_0"), &format!("{to}.cross_attn.query"))?;
            self.fused(model, &format!("{cross}/linear_1"), &format!("{to}.cross_attn"), &["key", "value"])?;
            self.linear(model, &format!("{cross}/linear_2"), &format!("{to}.cross_attn.out"))?;
            self.mlp(model, &from, &to)?;
        }
        self.norm(model, "decoder/layer_norm", "decoder.ln")
    }

    fn self_attention(&mut self, model: &Archive, from: &str, to: &str) -> Result<(), ConvertError> {
        let from = format!("{from}/self_attention");
        self.norm(model, &format!("{from}/layer_norm"), &format!("{to}.attn_ln"))?;
        self.fused(model, &format!("{from}/linear_0"), &format!("{to}.attn"), &["query", "key", "value"])?;
        self.linear(model, &format!("{from}/linear_1"), &format!("{to}.attn.out"))
    }

    fn mlp(&mut self, model: &Archive, from: &str, to: &str) -> Result<(), ConvertError> {
        self.norm(model, &format!("{from}/ffn/layer_norm"), &format!("{to}.mlp_ln"))?;
        self.linear(model, &format!("{from}/ffn/linear_0"), &format!("{to}.mlp.0"))?;
        self.linear(model, &format!("{from}/ffn/linear_1"), &format!("{to}.mlp.2"))
    }

    fn norm(&mut self, model: &Archive, from: &str, to: &str) -> Result<(), ConvertError> {
        self.wide(&format!("{to}.weight"), &model.get(&format!("{from}/gamma"))?)?;
        self.wide(&format!("{to}.bias"), &model.get(&format!("{from}/beta"))?)
    }

    fn linear(&mut self, model: &Archive, from: &str, to: &str) -> Result<(), ConvertError> {
        self.narrow(&format!("{to}.weight"), &model.get(&format!("{from}/weight"))?)?;
        self.wide(&format!("{to}.bias"), &model.get(&format!("{from}/bias"))?)
    }

    /// Several projections that the source holds as one matrix. Whisper's key projection has no bias;
    /// the source fills its part with zeros.
    fn fused(&mut self, model: &Archive, from: &str, to: &str, names: &[&str]) -> Result<(), ConvertError> {
        let (weight, bias) = (model.get(&format!("{from}/weight"))?, model.get(&format!("{from}/bias"))?);
        for (index, name) in names.iter().enumerate() {
            let (Some(weight), Some(bias)) = (weight.part(index, names.len()), bias.part(index, names.len()))
            else {
                return Err(ConvertError::Input(format!("{from} does not split into {} parts", names.len())));
            };
            self.narrow(&format!("{to}.{name}.weight"), &weight)?;
            if *name != "key" {
                self.wide(&format!("{to}.{name}.bias"), &bias)?;
            } else if !bias.is_zero() {
                return Err(ConvertError::Input(format!(
                    "{from}: the bias of the key projection is not zero"
                )));
            }
        }
        Ok(())
    }

    fn narrow(&mut self, name: &str, variable: &Variable<'_>) -> Result<(), ConvertError> {
        self.tensor(name, variable.dims(), F16, variable)
    }

    fn wide(&mut self, name: &str, variable: &Variable<'_>) -> Result<(), ConvertError> {
        self.tensor(name, variable.dims(), F32, variable)
    }

    fn tensor(
        &mut self,
        name: &str,
        dims: &[usize],
        format: u32,
        variable: &Variable<'_>,
    ) -> Result<(), ConvertError> {
        let halves = variable.halves().map_err(|error| ConvertError::Input(format!("{name}: {error}")))?;
        self.u32(dims.len())?;
        self.u32(name.len())?;
        self.out.write_all(&format.to_le_bytes())?;
        for dim in dims.iter().rev() {
            self.u32(*dim)?;
        }
        self.out.write_all(name.as_bytes())?;
        if format == F16 {
            return Ok(self.out.write_all(halves)?);
        }
        let single: Vec<u8> =
            halves.chunks_exact(2).flat_map(|value| half(value).to_f32().to_le_bytes()).collect();
        Ok(self.out.write_all(&single)?)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use half::f16;

    use super::super::ctranslate2::tests::file;
    use super::*;

    /// A Whisper of one layer and width 2. Every weight holds its place in the list, its values count up.
    fn tiny(key_bias: f32) -> Vec<u8> {
        let mut variables: Vec<(String, Vec<u32>, u8, Vec<u8>)> = Vec::new();
        let mut weight = |name: &str, dims: &[u32], value: Option<f32>| {
            let count = dims.iter().product::<u32>();
            let values =
                (0..count).flat_map(|index| f16::from_f32(value.unwrap_or(index as f32)).to_le_bytes());
            variables.push((name.to_owned(), dims.to_vec(), 4, values.collect()));
        };
        for side in ["encoder", "decoder"] {
            weight(&format!("{side}/position_encodings/encodings"), &[5, 2], None);
            let blocks: &[&str] =
                if side == "encoder" { &["self_attention"] } else { &["self_attention", "attention"] };
            for block in blocks.iter().map(|block| format!("{side}/layer_0/{block}")) {
                let linears: &[u32] = if block.ends_with("/self_attention") { &[6, 2] } else { &[2, 4, 2] };
                for (index, rows) in linears.iter().enumerate() {
                    weight(&format!("{block}/linear_{index}/weight"), &[*rows, 2], None);
                    let fused = *rows > 2;
                    weight(&format!("{block}/linear_{index}/bias"), &[*rows], fused.then_some(key_bias));
                }
                weight(&format!("{block}/layer_norm/gamma"), &[2], None);
                weight(&format!("{block}/layer_norm/beta"), &[2], None);
            }
            for part in ["linear_0", "linear_1"] {
                weight(&format!("{side}/layer_0/ffn/{part}/weight"), &[2, 2], None);
                weight(&format!("{side}/layer_0/ffn/{part}/bias"), &[2], None);
            }
            for norm in [format!("{side}/layer_0/ffn/layer_norm"), format!("{side}/layer_norm")] {
                weight(&format!("{norm}/gamma"), &[2], None);
                weight(&format!("{norm}/beta"), &[2], None);
            }
        }
        weight("decoder/embeddings/weight", &[3, 2], None);
        for (conv, mels) in [("conv1", 80), ("conv2", 2)] {
            weight(&format!("encoder/{conv}/weight"), &[2, mels, 3], None);
            weight(&format!("encoder/{conv}/bias"), &[2], None);
        }
        for side in ["encoder", "decoder"] {
            variables.push((format!("{side}/num_heads"), vec![], 2, 1_i16.to_le_bytes().to_vec()));
        }
        let views: Vec<_> = variables
            .iter()
            .map(|(name, dims, kind, data)| (name.as_str(), dims.as_slice(), *kind, data.clone()))
            .collect();
        file(&views)
    }

    fn converted(weights: &[u8], vocabulary: &str) -> Result<Vec<u8>, ConvertError> {
        let mut out = Cursor::new(Vec::new());
        write(weights, vocabulary.as_bytes(), &mut out)?;
        Ok(out.into_inner())
    }

    /// Numbers, taken from the front of `bytes`.
    fn numbers<const N: usize>(bytes: &mut &[u8]) -> [u32; N] {
        std::array::from_fn(|_| {
            let (number, rest) = bytes.split_first_chunk().unwrap();
            *bytes = rest;
            u32::from_le_bytes(*number)
        })
    }

    #[test]
    fn a_whisper_is_converted() {
        let whole = converted(&tiny(0.0), "!\nĠa\né").unwrap();
        let mut rest = whole.as_slice();
        assert_eq!(numbers(&mut rest), [MAGIC, 3, 5, 2, 1, 1, 5, 2, 1, 1, 80, 1]);
        assert_eq!(numbers(&mut rest), [80, 201]);
        rest = &rest[80 * 201 * 4..];
        assert_eq!(numbers(&mut rest), [3]);
        for token in [&b"!"[..], b" a", b"\xe9"] {
            assert_eq!(numbers(&mut rest), [token.len() as u32]);
            assert!(rest.starts_with(token));
            rest = &rest[token.len()..];
        }
        let mut tensors = Vec::new();
        while !rest.is_empty() {
            let [rank, length, format] = numbers(&mut rest);
            let dims: Vec<u32> = (0..rank).map(|_| numbers::<1>(&mut rest)[0]).collect();
            let (name, data) = rest.split_at(length as usize);
            let size = dims.iter().product::<u32>() as usize * if format == F16 { 2 } else { 4 };
            tensors.push((String::from_utf8(name.to_vec()).unwrap(), dims, format, data[..size].to_vec()));
            rest = &data[size..];
        }
        // Encoder: 5, block 15, norm 2; decoder: 2, block 15 and 9, norm 2.
        assert_eq!(tensors.len(), 50, "{:?}", tensors.iter().map(|tensor| &tensor.0).collect::<Vec<_>>());
        let find = |name: &str| tensors.iter().find(|tensor| tensor.0 == name).unwrap();
        assert_eq!(find("encoder.conv1.bias").1, [1, 2]);
        assert_eq!(find("encoder.conv1.weight").1, [3, 80, 2]);
        let key = find("encoder.blocks.0.attn.key.weight");
        assert_eq!((key.2, half(&key.3).to_f32()), (F16, 4.0), "the second pair of rows");
        let cross = find("decoder.blocks.0.cross_attn.value.weight");
        assert_eq!(half(&cross.3).to_f32(), 4.0);
        assert_eq!(find("decoder.positional_embedding").2, F32);
        assert!(!tensors.iter().any(|tensor| tensor.0.ends_with("key.bias")));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let message = |result: Result<Vec<u8>, ConvertError>| result.unwrap_err().to_string();
        assert!(message(converted(&tiny(1.0), "a")).contains("key projection"));
        assert!(message(converted(&tiny(0.0), "日")).contains("stands for no byte"));
        assert!(message(converted(&tiny(0.0), "\u{ad}")).contains("stands for no byte"));
        assert!(message(converted(&file(&[]), "a")).contains("missing"));
        assert!(message(converted(&[], "a")).contains("truncated"));
    }
}
