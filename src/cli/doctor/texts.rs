//! What the messages say, and how long they are.

use super::Check;
use crate::config::Config;

pub(super) fn check(config: &Config) -> Check {
    const NAME: &str = "texts";
    let texts = match config.public_url(config.listen_addr).and_then(|url| config.texts(&url)) {
        Ok(texts) => texts,
        Err(error) => {
            let error = anyhow::Error::from(error);
            return Check::problem(
                NAME,
                format!("{error:#}"),
                "docs/sms.md says what a text may be (Texts).",
            );
        }
    };
    let examples = texts.examples();
    let lengths: Vec<_> = examples
        .iter()
        .map(|text| {
            let template = if text.is_template { " (template)" } else { "" };
            format!("{} {}{template}", text.name, text.size)
        })
        .collect();
    let digits = texts.longest_code();
    let finding = format!("of one segment, with a code of {digits} digits: {}", lengths.join(", "));
    if examples.iter().all(|text| text.fits) {
        return Check::ok(NAME, finding);
    }
    Check::warning(
        NAME,
        finding,
        "Messages over one segment cost twice, and Android reads none of more than 140 bytes: shorten SITE_NAME or the host of PUBLIC_URL, or write shorter words (SMS_TEMPLATES_DIR).",
    )
}
