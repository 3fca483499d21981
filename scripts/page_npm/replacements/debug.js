// In the place of debug, a logger that the page has no use for.
module.exports = () => () => undefined;
