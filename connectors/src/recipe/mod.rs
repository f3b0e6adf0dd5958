//! Recipes: documents that say how the operations of an outside system are carried out over HTTP.
//!
//! A recipe is data: requests with holes, rules that say what a reply means, how an effect is looked up again.
//! What may go wrong between two systems is decided here once for all of them: a reply that no rule explains is
//! never a success, and a request that may have arrived is never called failed.

mod bench;
mod body;
mod callback;
mod check;
mod classify;
mod connector;
mod conversion;
mod document;
mod error;
mod exchange;
mod formula;
mod json;
pub mod limits;
mod lookup;
mod mask;
mod read;
mod render;
mod reply;
mod run;
mod secret;
mod send;
mod session;
pub mod shipped;
mod signed;
mod table;
mod template;
mod transport;

pub use check::CheckReport;
pub use connector::{Connector, ConnectorError, ConnectorSettings, SharedEvaluator};
pub use conversion::{Conversion, ConversionError};
pub use document::{Recipe, Setting, SettingError};
pub use error::{Code, RecipeError, RecipeErrors};
pub use exchange::{Answer, Excerpt, Exchange, Turn};
pub use formula::{Formula, FormulaError};
pub use render::{Inputs, Purpose, RenderError, Rendered, render};
pub use reply::{Reached, Reply, Trouble};
pub use run::{Request, Sending};
pub use secret::{Encoding, Masked, MissingSecret, Piece, Secret, Secrets};
pub use send::{Probed, Sent};
pub use signed::{CallbackError, CallbackEvent};
pub use transport::{Pool, TransportError};
