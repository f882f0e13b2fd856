"""A metrics proxy as one would write it first: checks the token in PostgreSQL, stamps nothing, forwards each request."""

import hashlib
import os
from contextlib import asynccontextmanager

import asyncpg
import httpx
from fastapi import FastAPI, Request, Response


@asynccontextmanager
async def lifespan(app: FastAPI):
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
    async with httpx.AsyncClient(base_url=os.environ["INFLUX_URL"], limits=limits, timeout=10) as influx:
        async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=4, max_size=10) as database:
            app.state.influx, app.state.database = influx, database
            yield


app = FastAPI(lifespan=lifespan)
TARGET = {"org": os.environ["INFLUX_ORG"], "bucket": os.environ["INFLUX_BUCKET"], "precision": "ns"}


@app.post("/api/metrics")
async def metrics(request: Request) -> Response:
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    robot = await app.state.database.fetchrow(
        "select id from robots where influxdb_token = $1 and status = 'active'",
        hashlib.sha256(token.encode()).hexdigest(),
    )
    if robot is None:
        return Response(status_code=401)
    headers = {"Authorization": f"Token {os.environ['INFLUX_WRITE_TOKEN']}"}
    if "content-encoding" in request.headers:
        headers["Content-Encoding"] = request.headers["content-encoding"]
    reply = await app.state.influx.post("/api/v2/write", params=TARGET, content=await request.body(), headers=headers)
    return Response(status_code=reply.status_code)
