//! `carvoice models`: obtains, checks and shows the models.

use std::io::IsTerminal;
use std::process::ExitCode;

use carvoice_models::{Bars, Checked, Depth, Progress, Silent, Store};
use serde::Serialize;

use crate::cli::Models;
use crate::config::Config;
use crate::output::{Output, status};

#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    file: String,
    status: &'a str,
    size: u64,
    licence: String,
    purpose: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub fn run(command: &Models, config: &Config, output: Output) -> anyhow::Result<ExitCode> {
    // These two mend a set that does not open.
    let mut store = match command {
        Models::Fetch { .. } | Models::Rollback => {
            Store::open_to_change(&config.models.folder, &config.models.public_key)?
        }
        Models::Verify | Models::List => config.models.store()?,
    };
    let mut bars = Bars::default();
    let mut silent = Silent;
    let progress: &mut dyn Progress =
        if std::io::stderr().is_terminal() || !output.is_json() { &mut bars } else { &mut silent };
    let checked = match command {
        Models::Fetch { names } => {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let fetched = store.fetch(progress, &names)?;
            let mut checked = store.verify(&mut Silent, Depth::Changed);
            checked.retain(|one| fetched.contains(&one.model.name));
            checked
        }
        Models::Rollback => {
            store.roll_back(progress)?;
            eprintln!("set {} is in use; restart the service to load it", store.set());
            store.list()
        }
        Models::Verify => store.verify(progress, Depth::All),
        Models::List => store.list(),
    };
    let all_good = checked.iter().all(|one| one.result.is_ok());
    for one in &checked {
        show(&store, one, output)?;
    }
    Ok(status(all_good || matches!(command, Models::List | Models::Rollback)))
}

fn show(store: &Store, checked: &Checked<'_>, output: Output) -> anyhow::Result<()> {
    let model = checked.model;
    let line = Line {
        name: &model.name,
        file: store.folder().join(&model.file).display().to_string(),
        status: if checked.result.is_ok() { "ok" } else { "bad" },
        size: model.size,
        licence: store.manifest().licence(model),
        purpose: &model.purpose,
        error: checked.result.as_ref().err().map(ToString::to_string),
    };
    output.line(&line, || {
        let found = line.error.as_deref().unwrap_or("ok");
        let megabytes = model.size as f64 / 1e6;
        format!("{:20} {megabytes:7.1} MB  {:12} {}: {found}", line.name, line.licence, line.purpose)
    })
}
