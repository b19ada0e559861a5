// Package proxies tests the SDK through real proxies as used in production: an nginx in front
// of the service, an nginx between browsers and a chathttp.Handler, and toxiproxy, which causes
// network faults. The tests need the program nginx; the file debian-packages names its
// package. faults.md lists the faults and their results.
package proxies
