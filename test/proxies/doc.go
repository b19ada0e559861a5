// Package proxies has tests of the SDK through real parts, as they stand in
// production: an nginx before the service, an nginx between browsers and a
// chathttp.Handler, and toxiproxy, which spoils connections. They need the program
// nginx; the file debian-packages names its package. What goes wrong, and what
// the caller gets, is listed in faults.md.
package proxies
