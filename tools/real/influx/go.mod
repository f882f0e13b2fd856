// Builds the real influx command for tests.
module robowatch/tools/real/influx
go 1.22
require github.com/influxdata/influx-cli/v2 v2.3.0
