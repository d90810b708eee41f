use std::{collections::HashSet, fmt, str::FromStr};

use rlibphonenumber::{PHONE_NUMBER_UTIL, RegionStr};

use super::PhoneNumber;

/// A country or territory with telephone numbers, as an ISO 3166-1 alpha-2
/// code such as `RU`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region {
    known_as: rlibphonenumber::Region,
    text: RegionStr,
}

/// Not an ISO 3166-1 alpha-2 code that has telephone numbers.
#[derive(Debug, thiserror::Error)]
#[error("must be an ISO 3166-1 alpha-2 code such as RU")]
pub struct RegionError;

impl Region {
    /// The two letters, in upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }

    /// Its name in the numbering plans.
    pub(super) const fn known_as(self) -> rlibphonenumber::Region {
        self.known_as
    }

    /// The numbering plans count satellite phones and the like as of a region
    /// too, the world; but that is no country.
    pub(super) fn of_plan(region: rlibphonenumber::Region) -> Option<Self> {
        let text = region.as_region_str();
        (region != rlibphonenumber::Region::World).then_some(Self { known_as: region, text })
    }
}

impl FromStr for Region {
    type Err = RegionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let region =
            rlibphonenumber::Region::try_from(text.to_ascii_uppercase().as_str()).map_err(|_| RegionError)?;
        PHONE_NUMBER_UTIL.get_country_code_for_region(region).ok_or(RegionError)?;
        Self::of_plan(region).ok_or(RegionError)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Region({})", self.as_str())
    }
}

/// The countries that are served.
///
/// Read from ISO 3166-1 alpha-2 codes separated by commas; an empty text means
/// every country, and so does the default.
#[derive(Clone, Debug, Default)]
pub struct Countries(HashSet<Region>);

/// One of the codes is of no country that has telephone numbers.
#[derive(Debug, thiserror::Error)]
#[error("\"{0}\" is not the ISO 3166-1 alpha-2 code of a country with telephone numbers")]
pub struct CountriesError(String);

impl Countries {
    /// Whether `phone` belongs to one of them. A number of no country, such as
    /// a satellite phone's, does only where every country is served.
    #[must_use]
    pub fn allows(&self, phone: &PhoneNumber) -> bool {
        self.0.is_empty() || phone.region().is_some_and(|region| self.0.contains(&region))
    }
}

impl FromStr for Countries {
    type Err = CountriesError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let codes = text.split(',').map(str::trim);
        let regions = codes.map(|code| code.parse().map_err(|_| CountriesError(code.to_owned())));
        regions.collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(e164: &str) -> PhoneNumber {
        PhoneNumber::from_e164(e164.to_owned()).unwrap()
    }

    #[test]
    fn a_number_belongs_to_its_country_also_where_several_share_a_code() {
        for (number, country) in [
            ("+79991234567", Some("RU")),
            ("+77012345678", Some("KZ")),
            ("+375291234567", Some("BY")),
            ("+12015550123", Some("US")),
            ("+15062345678", Some("CA")),
            ("+447400123456", Some("GB")),
            ("+447797712345", Some("JE")),
            // Of the world, by satellite.
            ("+870301234567", None),
            // A country code that nobody has.
            ("+2101234567", None),
        ] {
            assert_eq!(phone(number).region().as_ref().map(Region::as_str), country, "{number}");
        }
    }

    #[test]
    fn only_the_numbers_of_the_countries_named_are_allowed() {
        let countries: Countries = "ru, BY".parse().unwrap();
        let allowed = ["+79991234567", "+375291234567"];
        let others = ["+77012345678", "+12015550123", "+870301234567", "+2101234567"];
        assert!(allowed.iter().all(|number| countries.allows(&phone(number))));
        assert!(!others.iter().any(|number| countries.allows(&phone(number))));
    }

    #[test]
    fn no_country_named_means_every_country() {
        for all in [Countries::default(), "".parse().unwrap(), " ".parse().unwrap()] {
            assert!(["+79991234567", "+870301234567"].iter().all(|number| all.allows(&phone(number))));
        }
    }

    #[test]
    fn a_code_of_no_country_is_refused_by_name() {
        // UK is reserved, but its ISO code is GB; AQ has no numbers of its own; 001 is the world.
        for wrong in ["XX", "UK", "AQ", "001", "RUS", "Россия", "", "B Y"] {
            let refused = format!("RU,{wrong}").parse::<Countries>().unwrap_err().to_string();
            assert!(refused.starts_with(&format!("\"{wrong}\" is not")), "{refused}");
            assert!(wrong.parse::<Region>().is_err(), "{wrong}");
        }
    }
}
