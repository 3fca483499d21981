// In the place of @stdlib/assert-has-generator-support, which asks by eval: the page forbids that, and
// its browsers have generators.
module.exports = () => true;
