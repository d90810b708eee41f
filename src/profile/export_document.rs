//! The document of an export, piece by piece: for its owner over HTTP, and for operators.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::export_body::Export;
use crate::{
    domain::{SessionId, UserId},
    http::profile::Profile,
    state::AppSettings,
    store::{
        Connection, StoreError, exports,
        profiles::Profile as Row,
        referrals::{self, Invited, Position},
    },
    token::Pseudonyms,
};

/// How many of those invited are read at once.
const PAGE: usize = 1_000;
/// How the document ends; those invited go before it.
const END: &str = "]}";

/// One who activated the user's code
#[derive(Serialize, ToSchema)]
pub(super) struct ExportedInvited {
    /// The phone, as the profile shows it.
    #[schema(example = "+79990000044")]
    phone: String,
    /// When the code was activated.
    #[schema(example = "2026-11-23T18:40:00Z")]
    invited_at: DateTime<Utc>,
}

impl ExportedInvited {
    /// As the profile shows it.
    fn of(row: Invited, settings: &AppSettings) -> Self {
        Self { phone: settings.phone_of_another(row.phone), invited_at: row.position.invited_at }
    }
}

/// Everything that is held about a user, as one JSON document: its head, and then pages until there is none.
pub struct Document<'a> {
    /// How a profile is shown.
    pub settings: &'a AppSettings,
    /// By which what is counted for the number is found.
    pub pseudonyms: &'a Pseudonyms,
    /// Whose it is.
    pub user: UserId,
    /// The session that asks; none: an operator does.
    pub asking: Option<SessionId>,
    /// The moment of the request.
    pub now: DateTime<Utc>,
}

/// Why a piece could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It could not be written.
    #[error("the document could not be written")]
    Json(#[from] serde_json::Error),
}

impl Document<'_> {
    /// Everything but those invited, for the user whose profile is `own`.
    ///
    /// # Errors
    ///
    /// [`DocumentError`].
    pub async fn head(&self, conn: &mut Connection, own: Row) -> Result<Vec<u8>, DocumentError> {
        let number = self.pseudonyms.of("phone", &own.phone);
        let former = self.pseudonyms.of_former(&own.phone);
        let held = exports::find(conn, self.user, number, former, own.created_at).await?;
        let export = Export::of(Profile::of(own, self.settings), held, self.asking, self.now);
        let mut text = serde_json::to_vec(&export)?;
        text.truncate(text.len() - END.len());
        Ok(text)
    }

    /// Those invited from after `position` on, and where the next page begins; none: this was the end of the document.
    ///
    /// # Errors
    ///
    /// [`DocumentError`].
    pub async fn page(
        &self,
        conn: &mut Connection,
        position: Position,
    ) -> Result<(Vec<u8>, Option<Position>), DocumentError> {
        let invited = referrals::list_invited(conn, self.user, position, PAGE).await?;
        let next = invited.last().filter(|_| invited.len() == PAGE).map(|last| last.position);
        let mut text = Vec::new();
        for (at, row) in invited.into_iter().enumerate() {
            if at > 0 || position != Position::START {
                text.push(b',');
            }
            ExportedInvited::of(row, self.settings).serialize(&mut serde_json::Serializer::new(&mut text))?;
        }
        if next.is_none() {
            text.extend_from_slice(END.as_bytes());
        }
        Ok((text, next))
    }
}
