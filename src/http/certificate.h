#pragma once

#include <string>

#include "base/result.h"

namespace dealpace::http {

struct CertificateFiles {
  std::string certificate;  // PEM
  std::string key;          // PEM, readable by the owner only
};

// A certificate of our own making for a server without one: so that no password crosses a shop's network in the open,
// though browsers warn of it until somebody trusts it. ECDSA P-256, 825 days, for this machine's name and addresses and
// localhost. `folder`/tls-certificate.pem and tls-key.pem are used again as long as they belong together and hold for
// another day; else new ones are made. Fails with certificate_unusable.
[[nodiscard]] Result<CertificateFiles> FindOrMakeCertificate(const std::string& folder);

}  // namespace dealpace::http
