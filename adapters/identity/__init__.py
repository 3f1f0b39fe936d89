"""身份: named accounts, what proves that a request comes from one, and as whom it acts.

One person, one account; an administrator (三员) is no person and can do no business. What a person may do is not
decided here: authority comes from posts, and posts are facts.

Every refusal is a ``NotAdmitted`` with one of these codes:

- who are you: ``sign_in_refused`` ``session_ended`` ``token_refused``
- not like this: ``administrator_cannot_act`` ``read_only_token`` ``password_must_change`` ``busy``
- what was typed: ``login_malformed`` ``login_taken`` ``person_malformed`` ``person_required`` ``person_has_account``
  ``person_not_allowed`` ``password_too_short`` ``password_too_long`` ``password_too_simple`` ``password_too_common``
  ``password_contains_login`` ``password_unchanged`` ``token_name_malformed`` ``token_life_refused``
- not there: ``account_unknown`` ``session_unknown`` ``token_unknown``
"""
