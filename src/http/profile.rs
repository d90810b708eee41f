use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::cursor;
use crate::{state::AppSettings, store::profiles};

/// A user's own account
#[derive(Serialize, ToSchema)]
pub struct Profile {
    /// Which user: `sub` of the access token.
    #[schema(example = "01a1fd2c-47a0-7d60-9d4b-2f6a0c1b8e11")]
    id: uuid::Uuid,
    /// E.164.
    #[schema(example = "+79991234567")]
    phone: String,
    /// As given, without surrounding white space.
    #[schema(example = "ada@example.com", required = true)]
    email: Option<String>,
    /// As given, without surrounding white space.
    #[schema(example = "Ada", required = true)]
    first_name: Option<String>,
    /// As given, without surrounding white space.
    #[schema(example = "Lovelace", required = true)]
    last_name: Option<String>,
    /// First and last name, as far as given.
    #[schema(example = "Ada Lovelace", required = true)]
    full_name: Option<String>,
    /// Where the picture is, a JPEG of 256 by 256 pixels: an address that anybody can read who knows it, and that is
    /// another one for another picture. `PUT /api/v1/profile/avatar` sets it.
    #[schema(
        example = "https://auth.example.com/avatars/V7ZNlZm6ePhJoSBZTnyrGD3RuTwV0yyJI6D7QAVsQ3k",
        required = true
    )]
    avatar_url: Option<String>,
    /// The code with which this user invites others.
    #[schema(example = "K7WQ2M")]
    invite_code: String,
    /// The code this user activated.
    #[schema(example = "H3NP8X", required = true)]
    activated_invite_code: Option<String>,
    /// The phone of its owner, unless that account is deleted; masked, as in `+7900***0031`, where the service is set so.
    #[schema(example = "+79990000031", required = true)]
    invited_by_phone: Option<String>,
    /// The phones of the newest 20 who activated this user's code, newest first; masked where the service is set so.
    #[schema(example = json!(["+79990000044", "+79990000042"]))]
    invited_users: Vec<String>,
    /// How many activated this user's code.
    #[schema(example = 2)]
    invited_users_count: i32,
    /// Link to the page after `invited_users`, if there are more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "/api/v1/referral/invited?cursor=AAZg2pwzKwABogK3WOB6B547TF1vcIGS")]
    invited_users_next: Option<String>,
    /// Whether a PIN is asked for at login: `PUT /api/v1/profile/pin` sets one.
    #[schema(example = true)]
    has_pin: bool,
    /// The first login.
    #[schema(example = "2026-11-21T08:15:00Z")]
    created_at: DateTime<Utc>,
    /// The last change of the profile.
    #[schema(example = "2026-11-21T08:30:00Z")]
    updated_at: DateTime<Utc>,
}

impl Profile {
    /// The profile as its user sees it.
    #[must_use]
    pub fn of(row: profiles::Profile, settings: &AppSettings) -> Self {
        let names: Vec<&str> =
            [&row.first_name, &row.last_name].into_iter().flatten().map(String::as_str).collect();
        let next = row.next_invited().map(cursor::encode);
        let avatar = row.avatar();
        Self {
            full_name: (!names.is_empty()).then(|| names.join(" ")),
            invited_users_next: next.map(|cursor| format!("/api/v1/referral/invited?cursor={cursor}")),
            id: row.id,
            phone: row.phone,
            email: row.email,
            first_name: row.first_name,
            last_name: row.last_name,
            avatar_url: avatar.map(|hash| settings.link(&format!("avatars/{hash}"))),
            invite_code: row.invite_code,
            activated_invite_code: row.activated_invite_code,
            invited_by_phone: row.invited_by_phone.map(|phone| settings.phone_of_another(phone)),
            invited_users: row
                .invited_users
                .into_iter()
                .map(|phone| settings.phone_of_another(phone))
                .collect(),
            invited_users_count: row.invited_users_count,
            has_pin: row.has_pin,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}
