// Fitting gnuplot's SVG into a page.
#pragma once

#include <string>
#include <string_view>

namespace ito::report {

// The same picture in fewer bytes: runs of equal round points become a few dotted paths and empty
// groups go. Anything not recognised stays as it is.
std::string compact_svg(std::string_view svg);

// The <svg> element alone, with every id and every reference to it prefixed by `prefix`, so that
// any number of pictures share one page; `label` is read to those who cannot see it. Scripts,
// titles and descriptions are dropped. Throws ito::Error if there is no <svg> element.
std::string inline_svg(std::string_view svg, std::string_view prefix, std::string_view label);

}  // namespace ito::report
