use prometheus_client::{
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

/// Why sessions ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Their owner logged them out.
    Logout,
    /// A login was one too many.
    TooMany,
    /// A used refresh token was shown.
    Reuse,
    /// The account has another number.
    PhoneChange,
    /// Nobody used them.
    Expiry,
}

impl Ended {
    fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::TooMany => "too-many",
            Self::Reuse => "reuse",
            Self::PhoneChange => "phone-change",
            Self::Expiry => "expiry",
        }
    }
}

/// Sessions that begin, go on and end by this process.
#[derive(Debug, Default)]
pub struct Sessions {
    opened: Counter,
    refreshed: Counter,
    ended: Family<[(&'static str, &'static str); 1], Counter>,
}

impl Sessions {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("sessions_opened", "Logins", self.opened.clone());
        registry.register("sessions_refreshed", "Refresh tokens that were traded", self.refreshed.clone());
        let help = "Sessions that ended, but for those that went with an account or a PIN";
        registry.register("sessions_ended", help, self.ended.clone());
    }

    /// A login, which may have ended so many older sessions.
    pub fn opened(&self, too_many: i32) {
        self.opened.inc();
        self.ended(Ended::TooMany, too_many.into());
    }

    /// A refresh token was traded.
    pub fn refreshed(&self) {
        self.refreshed.inc();
    }

    /// So many sessions ended.
    pub fn ended(&self, why: Ended, sessions: i64) {
        if let Ok(sessions @ 1..) = u64::try_from(sessions) {
            self.ended.get_or_create(&[("reason", why.as_str())]).inc_by(sessions);
        }
    }
}
