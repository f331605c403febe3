CREATE DATABASE prefect OWNER nemovideo;
