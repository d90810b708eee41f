use chrono::{DateTime, TimeDelta, Utc};
use hyper::{HeaderMap, header::RETRY_AFTER};

/// `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date in one of the
/// three forms of section 5.6.7. A number too large to count is as long as can be.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<TimeDelta> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let wait = if is_number {
        TimeDelta::seconds(text.parse::<u32>().unwrap_or(u32::MAX).into())
    } else {
        DateTime::<Utc>::from(httpdate::parse_http_date(text).ok()?) - now
    };
    Some(wait).filter(|wait| *wait > TimeDelta::zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date_and_nothing_else() {
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        let read = |text: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            retry_after(&headers, now).map(|wait| wait.num_seconds())
        };
        assert_eq!(read("120"), Some(120));
        for date in
            ["Sat, 21 Nov 2026 12:01:40 GMT", "Saturday, 21-Nov-26 12:01:40 GMT", "Sat Nov 21 12:01:40 2026"]
        {
            assert_eq!(read(date), Some(100), "{date}");
        }
        assert!(read("99999999999") >= read("4294967295") && read("4294967295") > read("4294967294"));
        for nothing in ["0", "-5", "+5", "soon", "", "Sat, 21 Nov 2026 11:59:59 GMT"] {
            assert_eq!(read(nothing), None, "{nothing}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
