#include "destinations/s3/s3_details.h"

namespace sluice::s3 {

const S3Details& s3_details(const exporting::SinkStats& stats) {
  static const S3Details none;
  const auto* details = dynamic_cast<const S3Details*>(stats.details.get());
  return details == nullptr ? none : *details;
}

}  // namespace sluice::s3
