// The tables in the form of `diesel print-schema`; `tests/api/schema.rs` holds them to the migrations.
diesel::table! {
    avatars (user_id) {
        user_id -> Uuid,
        hash -> Bytea,
        content -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    challenge_use (jti) {
        jti -> Uuid,
        attempts -> Int2,
        expires_at -> Timestamptz,
        consumed_at -> Nullable<Timestamptz>,
        upgraded -> Bool,
    }
}

diesel::table! {
    country_traffic (since, country, slot) {
        country -> Text,
        since -> Timestamptz,
        slot -> Int2,
        sends -> Int4,
        logins -> Int4,
    }
}

diesel::table! {
    deliveries (event_id, endpoint_id) {
        event_id -> Uuid,
        endpoint_id -> Int4,
        attempts -> Int2,
        due_at -> Timestamptz,
        delivered_at -> Nullable<Timestamptz>,
        failed_at -> Nullable<Timestamptz>,
        last_outcome -> Nullable<Text>,
    }
}

diesel::table! {
    device_guard (device) {
        device -> Uuid,
        user_id -> Uuid,
        session_id -> Uuid,
        failures -> Timestamptz,
        sends -> Timestamptz,
        last_own_send_at -> Nullable<Timestamptz>,
        returned -> Array<Nullable<Timestamptz>>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    events (id) {
        id -> Uuid,
        event_type -> Text,
        data -> Jsonb,
        occurred_at -> Timestamptz,
        shared_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    guard_keys (singleton) {
        singleton -> Bool,
        sealed_key -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    phone_guard (phone) {
        phone -> Uuid,
        f4 -> Timestamptz,
        f6 -> Timestamptz,
        sends -> Timestamptz,
        last_sent_at -> Nullable<Timestamptz>,
        returned -> Array<Nullable<Timestamptz>>,
        voided_before -> Timestamptz,
    }
}

diesel::table! {
    pins (user_id) {
        user_id -> Uuid,
        hash -> Text,
        failures -> Timestamptz,
        last_seen_at -> Timestamptz,
        proven_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    rate_limit (key) {
        key -> Uuid,
        tat -> Timestamptz,
    }
}

diesel::table! {
    referrals (invitee_id) {
        invitee_id -> Uuid,
        referrer_id -> Uuid,
        invite_code -> Text,
        invited_at -> Timestamptz,
    }
}

diesel::table! {
    risk (slot) {
        slot -> Int2,
        g4 -> Timestamptz,
        g6 -> Timestamptz,
    }
}

diesel::table! {
    sends_per_day (day) {
        day -> Date,
        strangers -> Int4,
        devices -> Int4,
    }
}

diesel::table! {
    sessions (id) {
        id -> Uuid,
        user_id -> Uuid,
        generation -> Int4,
        device_name -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        network -> Text,
        created_at -> Timestamptz,
        last_used_at -> Timestamptz,
        rotated_at -> Timestamptz,
        expires_at -> Timestamptz,
        ends_at -> Timestamptz,
        replayed_at -> Array<Nullable<Timestamptz>>,
    }
}

diesel::table! {
    signing_keys (kid) {
        kid -> Text,
        algorithm -> Text,
        public_jwk -> Text,
        sealed_private_key -> Text,
        created_at -> Timestamptz,
        signs_from -> Timestamptz,
    }
}

diesel::table! {
    tombstones (phone) {
        phone -> Uuid,
        has_activated -> Bool,
        kept_until -> Timestamptz,
    }
}

diesel::table! {
    users (id) {
        id -> Uuid,
        phone -> Nullable<Text>,
        invite_code -> Text,
        email -> Nullable<Text>,
        first_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        invited_users_count -> Int4,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        last_login_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    webhook_endpoints (id) {
        id -> Int4,
        url -> Text,
        added_at -> Timestamptz,
        named_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        ended_because -> Nullable<Text>,
    }
}

diesel::joinable!(sessions -> users (user_id));

diesel::allow_tables_to_appear_in_same_query!(challenge_use, referrals, sessions, signing_keys, users,);
