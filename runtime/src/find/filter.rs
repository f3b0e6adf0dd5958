//! What a list of orders is narrowed by.

use crate::summary::{State, Summary};

use super::index::{self, folded};

/// What a list of orders is narrowed by; an order is shown when it fits all that is given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Where it stands.
    pub state: Option<State>,
    /// The stage of one of its instances, by name.
    pub stage: Option<String>,
    /// The workflow of one of its instances.
    pub workflow: Option<String>,
    /// A step one of its instances stands at.
    pub step: Option<String>,
    /// Its shop.
    pub shop: Option<String>,
    /// Its shop is one of these: what the asker may see.
    pub shops: Option<Vec<String>>,
    /// The cause of an open incident.
    pub cause: Option<String>,
    /// The number the shop shows, whatever its case. Two shops may share one.
    pub number: Option<String>,
    /// The number of an outside document, whatever its case.
    pub document: Option<String>,
    /// The id of one of its instances.
    pub instance: Option<String>,
    /// Digest of the buyer's e-mail address, see [`super::EmailKey`].
    pub email: Option<String>,
    /// The start of its number, of an outside document's number, of its key or of an instance's id.
    pub text: Option<String>,
    /// First heard of at this time or later: Unix milliseconds, UTC.
    pub created_from_ms: Option<i64>,
    /// First heard of before this time.
    pub created_before_ms: Option<i64>,
    /// Something is at risk in this currency.
    pub currency: Option<String>,
    /// At least this is at risk, in minor units.
    pub risk_min: Option<i64>,
    /// At most this is at risk, in minor units.
    pub risk_max: Option<i64>,
}

impl Filter {
    /// Whether an order fits.
    pub fn fits(&self, order: &Summary) -> bool {
        let is = |wanted: &Option<String>, has: &str| wanted.as_ref().is_none_or(|wanted| wanted == has);
        let instances = &order.instances;
        let among = |wanted: &Option<String>, has: &dyn Fn(&str) -> bool| {
            wanted.as_ref().is_none_or(|wanted| has(wanted))
        };
        self.state.is_none_or(|state| state == order.state)
            && is(&self.shop, order.shop())
            && self
                .shops
                .as_ref()
                .is_none_or(|shops| shops.iter().any(|shop| shop == order.shop()))
            && is(&self.email, &order.email)
            && among(&self.number, &|wanted| folded(wanted) == folded(&order.number))
            && among(&self.document, &|wanted| {
                let wanted = folded(wanted);
                order.documents.iter().any(|has| folded(has) == wanted)
            })
            && among(&self.cause, &|wanted| order.causes().contains(wanted))
            && among(&self.stage, &|wanted| {
                instances.iter().any(|one| one.stage == wanted)
            })
            && among(&self.workflow, &|wanted| {
                instances.iter().any(|one| one.workflow == wanted)
            })
            && among(&self.instance, &|wanted| {
                instances.iter().any(|one| one.id == wanted)
            })
            && among(&self.step, &|wanted| {
                instances
                    .iter()
                    .any(|one| one.steps.iter().any(|step| step == wanted))
            })
            && among(&self.text, &|wanted| starts(order, wanted))
            && self.created_from_ms.is_none_or(|from| order.created_ms >= from)
            && self
                .created_before_ms
                .is_none_or(|before| order.created_ms < before)
            && self.fits_risk(order)
    }

    fn fits_risk(&self, order: &Summary) -> bool {
        if self.currency.is_none() && self.risk_min.is_none() && self.risk_max.is_none() {
            return true;
        }
        let (min, max) = (self.risk_min.unwrap_or(1), self.risk_max.unwrap_or(i64::MAX));
        order.at_risk.iter().any(|money| {
            self.currency
                .as_ref()
                .is_none_or(|wanted| *wanted == money.currency)
                && (min..=max).contains(&money.amount_minor)
        })
    }

    /// The facets that narrow the list, the most telling first.
    pub(super) fn facets(&self) -> Vec<(&'static str, String)> {
        let given = [
            (index::EMAIL, self.email.clone()),
            (index::DOCUMENT, self.document.as_deref().map(folded)),
            (index::NUMBER, self.number.as_deref().map(folded)),
            (index::CAUSE, self.cause.clone()),
            (index::STEP, self.step.clone()),
            (index::STAGE, self.stage.clone()),
            (index::WORKFLOW, self.workflow.clone()),
            (index::SHOP, self.shop.clone()),
            (index::STATE, self.state.map(|state| state.name().to_owned())),
        ];
        given
            .into_iter()
            .filter_map(|(name, facet)| Some((name, facet?)))
            .collect()
    }

    /// Whether the facets alone decide: nothing is left that only a summary tells.
    pub(super) fn is_faceted(&self) -> bool {
        let rest = Self {
            state: None,
            stage: None,
            workflow: None,
            step: None,
            shop: None,
            cause: None,
            ..self.clone()
        };
        rest == Self::default()
    }

    /// The states an order can be in that fits. An open incident means stuck.
    pub(super) fn states(&self) -> Vec<State> {
        match (self.state, &self.cause) {
            (Some(state), _) => vec![state],
            (None, Some(_)) => vec![State::Stuck],
            (None, None) => State::ALL.to_vec(),
        }
    }
}

/// The roots whose instances could be called `id`: what stands before each of its slashes.
pub(super) fn roots_of(id: &str) -> Vec<String> {
    let slashes = id.match_indices('/');
    slashes
        .filter_map(|(at, _)| id.get(..at).map(str::to_owned))
        .collect()
}

fn starts(order: &Summary, text: &str) -> bool {
    let low = folded(text);
    folded(&order.number).starts_with(&low)
        || order
            .documents
            .iter()
            .any(|document| folded(document).starts_with(&low))
        || order.root.starts_with(text)
        || order.instances.iter().any(|one| one.id.starts_with(text))
}
