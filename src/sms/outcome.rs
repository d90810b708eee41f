use std::borrow::Cow;

use chrono::TimeDelta;

use super::Provider;

/// What a provider told of a message that it took; not every one does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// By which the provider knows it.
    pub id: Option<String>,
    /// What it costs, with its currency if that is told.
    pub cost: Option<String>,
}

/// Why a provider did not take a message, or did not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which kind.
    pub kind: FailureKind,
    /// The provider's own code for it, or a few words of ours: nothing that could name a person.
    pub code: Option<Cow<'static, str>>,
    /// When the provider can be asked again, if it said so.
    pub retry_after: Option<TimeDelta>,
}

/// The kinds of failure. With all but [`FailureKind::Unanswered`] it is certain that nothing went out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Nobody has this number, or it takes no text messages.
    InvalidNumber,
    /// The provider does not carry this message: to this country, from this sender, to this person.
    Refused,
    /// More than the provider takes at a time.
    RateLimited,
    /// The provider does not know us, or no longer.
    BadCredentials,
    /// No connection: the request was not sent.
    NotReached,
    /// The request was sent, and no answer tells what became of it: the message may have gone out.
    Unanswered,
    /// The provider said that it cannot.
    Unavailable,
    /// Not asked: it failed too often lately.
    Resting,
}

impl FailureKind {
    /// As metrics, logs and `phone-auth sms test` name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidNumber => "invalid-number",
            Self::Refused => "refused",
            Self::RateLimited => "rate-limited",
            Self::BadCredentials => "bad-credentials",
            Self::NotReached => "not-reached",
            Self::Unanswered => "unanswered",
            Self::Unavailable => "unavailable",
            Self::Resting => "resting",
        }
    }

    /// Whether it is about the message. Such an answer says nothing against the provider, or strangers could
    /// shut it by asking for codes to numbers that it refuses.
    pub(super) fn is_of_the_message(self) -> bool {
        matches!(self, Self::InvalidNumber | Self::Refused)
    }
}

impl From<FailureKind> for Failure {
    fn from(kind: FailureKind) -> Self {
        Self { kind, code: None, retry_after: None }
    }
}

impl Failure {
    /// The same, with the provider's code or a few words of ours.
    #[must_use]
    pub fn because(self, code: impl Into<Cow<'static, str>>) -> Self {
        Self { code: Some(code.into()), ..self }
    }
}

/// What a provider says of our credentials.
#[derive(Debug, PartialEq, Eq)]
pub enum Credentials {
    /// It knows us.
    Taken,
    /// It knows nobody.
    None,
    /// It tells only when it is sent a message.
    Untold,
    /// It does not, or did not tell.
    Failed(Failure),
}

impl From<Result<(), Failure>> for Credentials {
    fn from(asked: Result<(), Failure>) -> Self {
        asked.map_or_else(Self::Failed, |()| Self::Taken)
    }
}

/// One provider asked to take a message.
#[derive(Debug)]
pub struct Attempt {
    /// Who.
    pub provider: Provider,
    /// What came of it.
    pub outcome: Result<Accepted, Failure>,
}

impl Attempt {
    /// As metrics, logs and `phone-auth sms test` name the outcome.
    #[must_use]
    pub fn outcome_name(&self) -> &'static str {
        match &self.outcome {
            Ok(_) => "accepted",
            Err(failure) => failure.kind.as_str(),
        }
    }
}

/// Why a message did not go, as far as its sender is concerned.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SmsError {
    /// No provider will carry a message to this number.
    #[error("every provider refused the message")]
    Rejected,
    /// No provider took the message.
    #[error("no provider took the message")]
    Unavailable {
        /// When one can be asked again, if that is known.
        retry_after: Option<TimeDelta>,
    },
    /// A provider was given the message and did not tell what became of it.
    #[error("a provider did not tell whether it took the message")]
    Unanswered,
}

/// What came of a message, provider by provider, in the order in which they were asked.
#[derive(Debug, Default)]
pub struct Delivery {
    /// At least one; the last is the one that decided.
    pub attempts: Vec<Attempt>,
}

impl Delivery {
    /// Whether it went.
    ///
    /// # Errors
    ///
    /// [`SmsError`]: it did not, or that is not known.
    pub fn outcome(&self) -> Result<&Accepted, SmsError> {
        let failures = || self.attempts.iter().filter_map(|attempt| attempt.outcome.as_ref().err());
        if let Some(Ok(accepted)) = self.attempts.last().map(|attempt| attempt.outcome.as_ref()) {
            return Ok(accepted);
        }
        if failures().any(|failure| failure.kind == FailureKind::Unanswered) {
            return Err(SmsError::Unanswered);
        }
        // One that was not to be had may carry it later: then it is not refused by all.
        if failures().all(|failure| failure.kind.is_of_the_message()) {
            return Err(SmsError::Rejected);
        }
        // A provider that refused will do so again, and is not waited for.
        let waits = failures().filter(|failure| !failure.kind.is_of_the_message());
        let retry_after = waits.map(|failure| failure.retry_after).min().flatten();
        Err(SmsError::Unavailable { retry_after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(outcomes: impl IntoIterator<Item = Result<Accepted, Failure>>) -> Result<Accepted, SmsError> {
        let attempts =
            outcomes.into_iter().map(|outcome| Attempt { provider: Provider::Twilio, outcome }).collect();
        Delivery { attempts }.outcome().cloned()
    }

    fn failed(kind: FailureKind, seconds: Option<i64>) -> Result<Accepted, Failure> {
        Err(Failure { retry_after: seconds.map(TimeDelta::seconds), ..kind.into() })
    }

    #[test]
    fn the_one_that_took_it_decides() {
        let taken = Accepted { id: Some("7".to_owned()), cost: None };
        let found = outcome([failed(FailureKind::Refused, None), Ok(taken.clone())]);
        assert_eq!(found, Ok(taken));
    }

    #[test]
    fn a_message_is_rejected_when_everybody_refused_it() {
        let (refused, invalid) =
            (|| failed(FailureKind::Refused, None), || failed(FailureKind::InvalidNumber, None));
        assert_eq!(outcome([refused(), invalid()]), Err(SmsError::Rejected));
        for away in [FailureKind::NotReached, FailureKind::Resting, FailureKind::BadCredentials] {
            let unavailable = Err(SmsError::Unavailable { retry_after: None });
            assert_eq!(outcome([failed(away, None), refused()]), unavailable);
            assert_eq!(outcome([invalid(), failed(away, None)]), unavailable);
        }
    }

    #[test]
    fn what_may_have_gone_out_is_neither_refused_nor_unavailable() {
        let asked = [failed(FailureKind::NotReached, Some(9)), failed(FailureKind::Unanswered, None)];
        assert_eq!(outcome(asked), Err(SmsError::Unanswered));
    }

    #[test]
    fn the_first_that_can_be_asked_again_is_waited_for() {
        let [long, short] = [30, 7].map(|seconds| failed(FailureKind::Resting, Some(seconds)));
        let expected = SmsError::Unavailable { retry_after: Some(TimeDelta::seconds(7)) };
        assert_eq!(outcome([long, short, failed(FailureKind::Refused, None)]), Err(expected));
        // One that names no time may work at any moment.
        let asked = [failed(FailureKind::Resting, Some(30)), failed(FailureKind::NotReached, None)];
        assert_eq!(outcome(asked), Err(SmsError::Unavailable { retry_after: None }));
    }
}
