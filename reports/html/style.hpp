#pragma once
// The one style sheet of every page, and the policy that lets it and nothing else act.

#include <string>

#include "reports/html/writer.hpp"

namespace liftmark::reports::html {

extern const Markup kStyle;

/// Everything up to and with <body>.
void open_document(Writer& out, std::string_view title, Language language);

/// default-src 'none'; style-src 'sha256-..': no script, no request, no other style.
std::string content_security_policy();

}  // namespace liftmark::reports::html
